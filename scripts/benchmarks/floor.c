/* One forwarded packet at its cheapest: copy, number, protect and hand to the kernel for `count` receivers. Called by floor.py. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>

typedef int (*protect_fn)(void *session, void *packet, int *length);

int burst(int fd, protect_fn protect, void **sessions, struct mmsghdr *messages, const char *plain, int length, unsigned sequence, int count) {
  for (int i = 0; i < count; i++) {
    struct iovec *part = messages[i].msg_hdr.msg_iov;
    unsigned char *packet = part->iov_base;
    int out = length;
    memcpy(packet, plain, length);
    packet[2] = sequence >> 8;
    packet[3] = sequence;
    if (protect(sessions[i], packet, &out)) return -1;
    part->iov_len = out;
  }
  for (int sent = 0; sent < count;) {
    int n = sendmmsg(fd, messages + sent, count - sent, 0);
    if (n < 0) return -1;
    sent += n;
  }
  return 0;
}
