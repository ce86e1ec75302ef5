/** The answers that scripted faults give in place of the real ones. */
import { type ApiReply, errorReply } from './api-message.ts'
import type { FaultAction } from './faults.ts'

/** What a scripted answer may say; `retryAfter` in seconds. */
export type ScriptedAnswer = Omit<Extract<FaultAction, { kind: 'status' }>, 'kind'>

/** A scripted answer instead of the real one. */
export function statusReply(answer: ScriptedAnswer): ApiReply {
  const { status, code = '', message = 'A scripted fault.', retryAfter, html = false } = answer
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

/** What a gateway says of a body that is too long for it; the request never came to the service. */
export function tooLargeReply(): ApiReply {
  return statusReply({
    status: 413,
    message: 'The page was not displayed because the request entity is too large.',
    html: true,
  })
}
