/** Calls of the HTTP API. A failure is a `Problem` with the server's stable code and its sentence for the person. */

import { page } from './page';
import { t } from './text';

export class Problem extends Error {
  constructor(readonly code: string, readonly status: number, readonly detail: string, readonly facts: Readonly<Record<string, unknown>> = {}) {
    super(code);
  }
}

const LIMIT_MS = 15_000;

/** Of a file in one piece, over a slow line. */
const FILE_LIMIT_MS = 65_000;

async function call<T>(method: string, path: string, body?: unknown, limit_ms = LIMIT_MS): Promise<T> {
  const json = method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(body ?? {});
  return send<T>(method, path, method === 'GET' ? '' : 'application/json', json, limit_ms);
}

async function send<T>(method: string, path: string, type: string, body: BodyInit | undefined, limit_ms: number): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: { Accept: 'application/json', 'Oase-As': page.as, ...(type ? { 'Content-Type': type } : {}) },
      ...(body === undefined ? {} : { body }),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(limit_ms),
    });
  } catch {
    throw new Problem('offline', 0, t('No connection at the moment. Check your network, then try again.'));
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  throw await problem(answer);
}

async function problem(answer: Response): Promise<Problem> {
  try {
    const said = (await answer.json()) as Record<string, unknown>;
    return new Problem(String(said['code'] ?? 'internal'), answer.status, String(said['detail'] ?? ''), said);
  } catch {
    return new Problem('internal', answer.status, t('That did not work. Try again in a moment.'));
  }
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T>(path: string, body?: unknown, limit_ms?: number): Promise<T> => call<T>('POST', path, body, limit_ms);
export const put = <T>(path: string, body: unknown): Promise<T> => call<T>('PUT', path, body);
export const patch = <T>(path: string, body: unknown, limit_ms?: number): Promise<T> => call<T>('PATCH', path, body, limit_ms);
export const remove = <T = void>(path: string): Promise<T> => call<T>('DELETE', path);
export const sendFile = <T>(path: string, file: Blob): Promise<T> => send<T>('PUT', path, file.type || 'application/octet-stream', file, FILE_LIMIT_MS);

/** The sentence for a person, whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Problem && error.detail ? error.detail : t('That did not work. Try again in a moment.');
}

export const isCode = (error: unknown, ...codes: string[]): boolean => error instanceof Problem && codes.includes(error.code);
