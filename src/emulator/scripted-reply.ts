/** The answer a scripted `status` fault gives in place of the real one. */
import { type ApiReply, errorReply } from './api-message.ts'
import type { FaultAction } from './faults.ts'

/** A scripted answer instead of the real one; nothing was done. */
export function statusReply(action: Extract<FaultAction, { kind: 'status' }>): ApiReply {
  const { status, code = '', message = 'A scripted fault.', retryAfter, html = false } = action
  const wait = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }
  if (!html) {
    const reply = errorReply(status, code, message)
    return { ...reply, headers: { ...reply.headers, ...wait } }
  }
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...wait },
    body: `<html><head><title>${status}</title></head><body><h1>${message}</h1></body></html>`,
  }
}
