/* One incoming packet becomes one packet for each slot that shows its source: header, payload, protection, and a place in a batch for the kernel.
 *
 * This is the loop of server/media/relay.py for slots in steady state; what is not plain sailing is left to Python, which decides about it packet by
 * packet. Both write the same bytes (tests/media/test_compiled.py). So with what comes in: feedback, which is most of it, is opened and summed up here
 * (`door_read`), and all else handed to Python.
 *
 * Ownership: nothing here is allocated, kept or freed. All memory belongs to Python objects, and each pointer below stands beside a Python reference to
 * what it points to (server/media/native/forwarder.py). Only the event loop's thread calls in and writes these structures, so nothing changes during a call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum {
  PACKET_BYTES = 1536,  /* The room of one packet in a batch. */
  TRAILER_BYTES = 144,  /* What protection may add (SRTP_MAX_TRAILER_LEN). */
  BATCH_PACKETS = 512,  /* A large picture for a hundred receivers. */
  BUCKETS = 1024,
  SEGMENT = 103,        /* UDP_SEGMENT, which old headers do not have. */
  SEGMENTS_MAX = 64,    /* The kernel's own limit for one message (UDP_MAX_SEGMENTS), */
  MESSAGE_BYTES = 65000, /* and that of IP. */
  HEADER_BYTES = 24,    /* 12 bytes header, 4 bytes extension header, 8 bytes of extensions: transport-wide number, MID. */
  NAME_BYTES = 28,      /* struct sockaddr_in6; a sockaddr_in leaves the rest empty. */
  MID_BYTES = 5,
  CODECS = 3,
  HISTORY = 2048,       /* Packets of one connection that are remembered: two seconds of eight pictures. */
  HEARD_MAX = 4096,     /* Packets of one feedback that are read (READ_MAX of server/media/rtp/feedback.py). */
  TICK_US = 250,        /* What feedback counts arrivals in. */
  NO_TYPE = 255,        /* Instead of a payload type: the receiver did not offer this codec. */
  INBOX_BYTES = 2048,   /* OPEN_BYTES of server/media/seam.py; what is longer is cut, and too long by then. */
  DATAGRAM_MAX = 1500,
  KNOWN = 2048,         /* Places for senders. Two that share one take turns in it, which is only slower. */
};

enum { NOTHING = -1, FAILED = -2 };      /* Instead of a length. */
enum { STRANGE, KNOWN_PEER, OPENED };    /* Python looks for the sender; knows it; and the datagram is SRTCP that is opened already. */

typedef int (*protect_fn)(void *session, void *packet, int *length);

/* Outgoing packets of one socket. Each header has its own buffer of PACKET_BYTES, one iovec and a name. */
struct batch {
  struct mmsghdr *headers;
  protect_fn protect;   /* srtp_protect of the one libsrtp in this process, which is the one that pylibsrtp carries. */
  int32_t descriptor;
  int32_t count;
  int32_t joins;        /* 1: packets of one size to one receiver go as one message, which the kernel cuts; 0 where the kernel cannot. */
  uint32_t sent;        /* These three are counted since Python last looked, which sets them to 0. */
  uint32_t refused;     /* By the kernel. */
  uint32_t unprotected; /* Refused by libsrtp, and therefore not sent. */
};

/* One connection's transport. `history`: of the packet with this transport-wide number (modulo HISTORY) when it was sent in us, in the upper half
 * its length; 0 when the receiver said that it came. LOST when it said that it did not. All times are modulo 2^32 us. What follows is what feedback said
 * since Python last looked (server/media/rtp/history.py). */
struct link {
  void *session;        /* srtp_t; NULL before there are keys and after the connection's end. */
  struct batch *batch;  /* NULL while the path is none of ours (TCP, or none). */
  void *opening;        /* srtp_t for what comes in; NULL as `session`. */
  double heard_at;      /* When something came, by the door's clock. */
  int32_t credit;       /* So many reports may be taken here before Python looks again; 0 while it wants to see each. */
  uint8_t target[NAME_BYTES];
  uint16_t transport_seq;
  uint32_t reports;
  int32_t received, lost;
  uint32_t octets;
  uint32_t arrival;     /* The latest. */
  uint32_t delay;       /* The shortest, from sending to arrival, in two clocks. */
  uint64_t history[HISTORY];
};

/* One receive slot of one browser, and what is added to the numbers of `layer` from its packet `since` on. */
struct slot {
  struct link *link;
  uint64_t layer;       /* 0: nobody is in the slot, or Python handles each packet. */
  int64_t since;
  uint32_t ssrc, time;
  uint16_t seq, picture_id;
  uint8_t tl0;
  uint8_t payload_types[CODECS];
  uint8_t transport_head;  /* The extension's id and length; 0: not offered. */
  uint8_t mid_block[MID_BYTES];
};

/* One packet of `layer`. `seq` is unwrapped; the offsets count from the payload's begin, 0 = the VP8 field is absent. */
struct packet {
  int64_t seq;
  uint64_t layer;
  const uint8_t *payload;
  uint32_t length;
  uint32_t rtp_time;
  uint32_t at;          /* When it came to us, and so leaves again, in us. */
  uint8_t mark;         /* 0x80 or 0. */
  uint8_t codec;
  uint8_t picture_id_at, picture_id_size;
  uint16_t picture_id;
  uint8_t tl0_at, tl0;
};

/* One socket's reading side. */
struct door {
  uint8_t *data;        /* INBOX_BYTES: what was read, opened in place. */
  protect_fn unprotect; /* srtp_unprotect_rtcp. */
  double now;
  int32_t descriptor;
  int32_t left;         /* So many datagrams may still be read before others have their turn. */
  int32_t kind, place;  /* Of the datagram that Python gets: see above, and where its sender belongs. */
  uint32_t heard;       /* These three are counted since Python last looked: feedback, */
  uint32_t unread;      /* that of it which could not be read, */
  uint32_t refused;     /* and what libsrtp refused. */
  uint8_t name[NAME_BYTES];
  struct known {
    struct link *link;  /* NULL: nobody. */
    uint8_t name[NAME_BYTES];
  } known[KNOWN];
};

/* What Python compares with its own picture of these structures before it calls anything. */
const uint32_t layout[] = {
  sizeof(struct batch), sizeof(struct link), sizeof(struct slot), sizeof(struct packet),
  offsetof(struct batch, joins), offsetof(struct batch, unprotected), offsetof(struct link, transport_seq), offsetof(struct slot, mid_block), offsetof(struct packet, tl0),
  PACKET_BYTES, TRAILER_BYTES, BATCH_PACKETS, HEADER_BYTES, NAME_BYTES, MID_BYTES, CODECS, sizeof(struct mmsghdr),
  HISTORY, offsetof(struct link, history), offsetof(struct link, credit),
  sizeof(struct door), sizeof(struct known), offsetof(struct door, refused), offsetof(struct door, known), INBOX_BYTES, DATAGRAM_MAX, KNOWN,
};

static void put16(uint8_t *to, uint32_t value) {
  to[0] = value >> 8;
  to[1] = value;
}

static void put32(uint8_t *to, uint32_t value) {
  put16(to, value >> 16);
  put16(to + 2, value);
}

/* Packets `first`, `next[first]` and so on to `last` for one receiver: all of `size` bytes but the last, which may be shorter. 0 ends the list. */
struct run {
  uint16_t first, last, count;
  uint32_t size, bytes;
};

static const struct msghdr *packet_of(const struct batch *batch, int index) { return &batch->headers[index].msg_hdr; }

/* True when packet `index` may follow in this run. */
static int joins(const struct batch *batch, const struct run *run, int index) {
  const struct msghdr *last = packet_of(batch, run->last), *packet = packet_of(batch, index);
  uint32_t length = packet->msg_iov->iov_len;
  if (memcmp(last->msg_name, packet->msg_name, NAME_BYTES) || last->msg_iov->iov_len != run->size) return 0;
  return length <= run->size && run->count < SEGMENTS_MAX && run->bytes + length <= MESSAGE_BYTES;
}

/* Where in the table of newest runs those for this address are noted. */
static uint32_t bucket(const uint8_t *name) {
  uint32_t words[NAME_BYTES / 4], hash = 0;
  memcpy(words, name, NAME_BYTES);
  for (int i = 0; i < NAME_BYTES / 4; i++) hash = (hash ^ words[i]) * 0x9E3779B1u;
  return (hash ^ hash >> 16) % BUCKETS;
}

/* Sorts the batch into runs, each receiver's packets in their order; how many there are. */
static int find_runs(const struct batch *batch, int count, struct run *runs, uint16_t *next) {
  int16_t newest[BUCKETS];
  int found = 0;
  memset(newest, -1, sizeof newest);
  for (int i = 0; i < count; i++) {
    const struct msghdr *packet = packet_of(batch, i);
    uint32_t length = packet->msg_iov->iov_len, at = bucket(packet->msg_name);
    struct run *run = &runs[newest[at] < 0 ? 0 : newest[at]];
    next[i] = 0;
    if (newest[at] >= 0 && joins(batch, run, i)) {
      next[run->last] = i;
      run->last = i;
      run->count++;
      run->bytes += length;
    } else {
      newest[at] = found;
      runs[found++] = (struct run){i, i, 1, length, length};
    }
  }
  return found;
}

/* How the kernel is told of the size of segments. */
union control {
  char room[CMSG_SPACE(sizeof(uint16_t))];
  struct cmsghdr aligned;
};

static void say_size(struct msghdr *message, union control *control, uint16_t size) {
  message->msg_control = control;
  message->msg_controllen = sizeof *control;
  struct cmsghdr *head = CMSG_FIRSTHDR(message);
  head->cmsg_level = IPPROTO_UDP;
  head->cmsg_type = SEGMENT;
  head->cmsg_len = CMSG_LEN(sizeof size);
  memcpy(CMSG_DATA(head), &size, sizeof size);
}

/* Hands over `count` messages; the index of the first that was refused, or `count`. */
static int hand_over(const struct batch *batch, struct mmsghdr *messages, int count) {
  for (int first = 0; first < count;) {
    int sent = sendmmsg(batch->descriptor, messages + first, count - first, 0);
    if (sent < 1) return first;
    first += sent;
  }
  return count;
}

/* Sends the packets from `first` on one by one. What the kernel does not take is dropped and counted; receivers ask for it again. */
static void send_each(struct batch *batch, int first, int count) {
  while ((first += hand_over(batch, batch->headers + first, count - first)) < count) {
    batch->refused++;
    first++; /* The others may go elsewhere. */
  }
}

/* Sends packets of one size to one receiver as one message each. */
static void send_joined(struct batch *batch, int count) {
  struct run runs[BATCH_PACKETS];
  uint16_t next[BATCH_PACKETS];
  struct mmsghdr messages[BATCH_PACKETS];
  struct iovec vectors[BATCH_PACKETS];
  union control controls[BATCH_PACKETS];
  int found = find_runs(batch, count, runs, next);
  struct iovec *vector = vectors;
  for (int i = 0; i < found; i++) {
    struct msghdr *message = &messages[i].msg_hdr;
    *message = *packet_of(batch, runs[i].first);
    message->msg_iov = vector;
    message->msg_iovlen = runs[i].count;
    if (runs[i].count > 1) say_size(message, &controls[i], runs[i].size);
    for (int packet = runs[i].first, left = runs[i].count; left--; packet = next[packet]) *vector++ = *packet_of(batch, packet)->msg_iov;
  }
  for (int first = 0; (first += hand_over(batch, messages + first, found - first)) < found; first++) {
    if (errno == EIO || errno == ENOPROTOOPT) batch->joins = 0; /* No interface or driver for it; other errors are of this one receiver's path. */
    for (int packet = runs[first].first, left = runs[first].count; left--; packet = next[packet]) send_each(batch, packet, packet + 1);
  }
}

/* Sends what is in the batch. */
void batch_flush(struct batch *batch) {
  int count = batch->count;
  batch->count = 0;
  if (batch->joins)
    send_joined(batch, count);
  else
    send_each(batch, 0, count);
  batch->sent += count;
}

/* Protects the `length` bytes in the batch's next buffer; they leave for `target` when the batch is full or flushed. The new length, or 0. */
int batch_seal(struct batch *batch, void *session, const uint8_t *target, int length) {
  struct msghdr *header = &batch->headers[batch->count].msg_hdr;
  if (batch->protect(session, header->msg_iov->iov_base, &length)) {
    batch->unprotected++;
    return 0;
  }
  header->msg_iov->iov_len = length;
  memcpy(header->msg_name, target, NAME_BYTES);
  if (++batch->count == BATCH_PACKETS) batch_flush(batch);
  return length;
}

/* The next transport-wide number, which stands for a packet of `length` bytes. */
static uint16_t number(struct link *link, uint32_t at, uint32_t length) {
  uint16_t seq = ++link->transport_seq;
  link->history[seq % HISTORY] = (uint64_t)length << 32 | at;
  return seq;
}

/* The slot's own copy of the packet: server/media/relay.py and server/media/rtp/vp8.py say what stands where. */
static void write_packet(uint8_t *out, const struct slot *slot, const struct packet *packet) {
  out[0] = 0x90; /* Version 2, with extensions. */
  out[1] = packet->mark | slot->payload_types[packet->codec];
  put16(out + 2, packet->seq + slot->seq);
  put32(out + 4, packet->rtp_time + slot->time);
  put32(out + 8, slot->ssrc);
  put32(out + 12, 0xBEDE0002); /* One-byte form, two words. */
  out[16] = slot->transport_head;
  put16(out + 17, slot->transport_head ? number(slot->link, packet->at, HEADER_BYTES + packet->length) : 0);
  memcpy(out + 19, slot->mid_block, MID_BYTES);
  uint8_t *payload = out + HEADER_BYTES;
  memcpy(payload, packet->payload, packet->length);
  if (packet->picture_id_at) {
    uint16_t picture_id = packet->picture_id + slot->picture_id;
    if (packet->picture_id_size == 2)
      put16(payload + packet->picture_id_at, 0x8000 | picture_id);
    else
      payload[packet->picture_id_at] = picture_id & 127;
  }
  if (packet->tl0_at) payload[packet->tl0_at] = packet->tl0 + slot->tl0;
}

/* Sends `packet` to all `slots` in steady state. The places of the others stand in `left` (room for `count`) afterwards; how many there are. */
int forward(struct slot *const *slots, int count, const struct packet *packet, int32_t *left) {
  int others = 0;
  if (packet->length > PACKET_BYTES - TRAILER_BYTES - HEADER_BYTES || packet->codec >= CODECS) return 0;
  for (int i = 0; i < count; i++) {
    const struct slot *slot = slots[i];
    const struct link *link = slot->link;
    if (slot->layer != packet->layer || packet->seq < slot->since || slot->payload_types[packet->codec] == NO_TYPE || !link->session || !link->batch) {
      left[others++] = i;
      continue;
    }
    write_packet(link->batch->headers[link->batch->count].msg_hdr.msg_iov->iov_base, slot, packet);
    batch_seal(link->batch, link->session, link->target, HEADER_BYTES + packet->length);
  }
  return others;
}

static uint32_t get16(const uint8_t *from) { return from[0] << 8 | from[1]; }

/* One packet came, or (`came` = 0) did not: server/media/rtp/history.py says it in Python. */
static void note(struct link *link, uint16_t seq, int came, uint32_t arrival) {
  const uint64_t lost = (uint64_t)1 << 63;
  uint64_t *entry = &link->history[seq % HISTORY];
  if ((uint16_t)(link->transport_seq - seq) >= HISTORY || !*entry) return;
  if (!came) {
    link->lost += !(*entry & lost);
    *entry |= lost;
    return;
  }
  uint32_t delay = arrival - (uint32_t)*entry;
  link->lost -= (*entry & lost) != 0;
  link->octets += *entry >> 32 & 0xFFFF;
  if (!link->received || (int32_t)(arrival - link->arrival) > 0) link->arrival = arrival;
  if (!link->received || (int32_t)(delay - link->delay) < 0) link->delay = delay;
  link->received++;
  *entry = 0;
}

/* The symbols (0..3) of `count` packets; how many bytes of chunks they took, or -1 when there are not so many. */
static int read_chunks(const uint8_t *data, int length, uint8_t *symbols, int count) {
  int at = 0;
  for (int filled = 0; filled < count; at += 2) {
    if (at + 2 > length) return -1;
    uint32_t chunk = get16(data + at);
    int run = !(chunk >> 15), bits = chunk >> 14 & 1 ? 2 : 1;
    int more = run ? (int)(chunk & 0x1FFF) : 14 / bits;
    for (int i = 0; i < more && filled < count; i++)
      symbols[filled++] = run ? chunk >> 13 & 3 : chunk >> (14 - bits * (i + 1)) & (bits == 2 ? 3 : 1);
  }
  return at;
}

/* Reads one whole packet of transport-wide feedback (server/media/rtp/feedback.py). 0, or -1 when it is cut or tells of too much: then nothing is noted. */
int hear(const uint8_t *data, int length, struct link *link) {
  uint8_t symbols[HEARD_MAX];
  if (length < 20) return -1;
  int count = get16(data + 14), took, at, needed = 0;
  if (count > HEARD_MAX || (took = read_chunks(data + 20, length - 20, symbols, count)) < 0) return -1;
  for (int i = 0; i < count; i++) needed += symbols[i] % 3;
  if ((at = 20 + took) + needed > length) return -1;
  uint32_t seq = get16(data + 12), arrival = (get16(data + 16) << 8 | data[18]) * (uint32_t)64000;
  for (int i = 0; i < count; i++) {
    int size = symbols[i] % 3;
    if (size) arrival += TICK_US * (size == 1 ? data[at] : (int16_t)get16(data + at));
    at += size;
    note(link, seq + i, size, arrival);
  }
  link->reports++;
  return 0;
}

/* The place of a sender's address among those that are known (FNV-1a). */
int door_place(const uint8_t *name) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < NAME_BYTES; i++) hash = (hash ^ name[i]) * 16777619u;
  return (hash ^ hash >> 16) % KNOWN;
}

/* True when these `length` bytes are one packet of transport-wide feedback, and nothing else (server/media/rtp/rtcp.py). */
static int is_feedback(const uint8_t *data, int length) { return data[1] == 205 && (data[0] & 31) == 15 && 4 + 4 * (int)get16(data + 2) == length; }

/* Takes the datagram of `length` bytes in the inbox if it is feedback of a connection that leaves it to us; else says what it is, and its new length. */
static int is_taken(struct door *door, int *length) {
  uint8_t *data = door->data;
  const struct known *sender = &door->known[door->place];
  struct link *link = sender->link;
  door->kind = STRANGE;
  if (!link || memcmp(sender->name, door->name, NAME_BYTES) || *length < 1 || *length > DATAGRAM_MAX || data[0] >> 6 != 2) return 0;
  door->kind = KNOWN_PEER;
  if (*length < 12 || data[1] < 192 || data[1] > 223 || !link->opening || link->credit < 1) return 0;
  link->credit--;
  link->heard_at = door->now;
  if (door->unprotect(link->opening, data, length)) {
    door->refused++;
    return 1;
  }
  door->kind = OPENED;
  if (!is_feedback(data, *length)) return 0;
  door->heard++;
  door->unread += hear(data, *length, link) != 0;
  return 1;
}

/* Reads datagrams until one is for Python: its length, with `kind`, `place` and `name`. NOTHING when there are no more or `left` is used up; FAILED. */
int door_read(struct door *door) {
  while (door->left > 0) {
    door->left--;
    socklen_t size = NAME_BYTES;
    memset(door->name, 0, NAME_BYTES);
    int length = recvfrom(door->descriptor, door->data, INBOX_BYTES, 0, (struct sockaddr *)door->name, &size);
    if (length < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? NOTHING : FAILED;
    door->place = door_place(door->name);
    if (!is_taken(door, &length)) return length;
  }
  return NOTHING;
}
