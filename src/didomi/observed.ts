/** Every attempt of a request to Didomi as a span: what was asked and the status; no URL, no body. */

import { type Observer, spanned } from '../observe/observer.ts'
import type { Send } from './send.ts'

/** Tells the observer of every request; without one the send is left as it is. */
export function withObserver(send: Send, observer: Observer | undefined): Send {
  if (observer === undefined) return send
  return (call, signal) =>
    spanned(
      observer,
      'request',
      { 'http.request.method': call.method },
      async (span) => {
        const answer = await send(call, signal)
        span.set({ 'http.response.status_code': answer.status })
        if (answer.status >= 400) span.set({ 'error.type': String(answer.status) })
        return answer
      },
      `Didomi ${call.what}`,
    )
}
