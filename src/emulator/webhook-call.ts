/** One HTTP call of a webhook, with the one second attempt that Dataverse makes. */
import { type Dispatcher, request } from 'undici'

/** A call ready to be sent; `timeoutMs` for each attempt. */
export interface WebhookCall {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
}

/** What became of it; `failure` is undefined where the receiver answered 2xx, and names no address. */
export interface CallResult {
  readonly attempts: number
  readonly failure: string | undefined
}

/** After these, and only these, one further attempt is made (Dataverse: webhooks). */
const SECOND_CHANCE = new Set([502, 503, 504])

/** Sends and, where the answer is 502, 503 or 504, sends once more; `onAttempt` is told before each. Never rejects. */
export async function call(
  webhook: WebhookCall,
  dispatcher: Dispatcher,
  signal: AbortSignal,
  onAttempt: () => void,
): Promise<CallResult> {
  for (let attempts = 1; ; attempts++) {
    onAttempt()
    const answer = await attempt(webhook, dispatcher, signal)
    if (typeof answer === 'string') return { attempts, failure: answer }
    if (answer >= 200 && answer <= 299) return { attempts, failure: undefined }
    if (attempts === 2 || !SECOND_CHANCE.has(answer)) {
      return { attempts, failure: `The webhook call failed: the receiver answered ${answer}.` }
    }
  }
}

async function attempt(
  { url, headers, body, timeoutMs }: WebhookCall,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<number | string> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await request(url, {
      method: 'POST',
      headers,
      body,
      dispatcher,
      signal: AbortSignal.any([signal, timeout]),
    })
    // Only the status is read; what comes after it decides nothing.
    await answer.body.dump().catch(() => undefined)
    return answer.statusCode
  } catch {
    if (timeout.aborted) return 'The webhook call failed: the request timed out.'
    return 'The webhook call failed: the receiver could not be reached.'
  }
}

/** Whether the address is this machine's own. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
