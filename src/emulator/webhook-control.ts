/** The control endpoints of the event pipeline, below `/__emulator/webhooks`. */
import { type ApiReply, emptyReply, jsonReply } from './api-message.ts'
import { asObject } from './payload.ts'
import type { Webhooks } from './webhooks.ts'

/**
 * `GET webhooks` tells what waits and the settings, `PATCH webhooks` changes settings, `POST webhooks/pause` and
 * `POST webhooks/release` hold back and let go, `GET webhooks/idle` answers when all deliveries are done. Undefined for
 * anything else.
 */
export async function onWebhooks(
  webhooks: Webhooks,
  method: string,
  path: string,
  body: unknown,
): Promise<ApiReply | undefined> {
  switch (`${method} ${path}`) {
    case 'GET webhooks':
      return jsonReply(200, webhooks.standing)
    case 'PATCH webhooks':
      webhooks.configure(asObject(body))
      return emptyReply()
    case 'POST webhooks/pause':
      webhooks.pause()
      return emptyReply()
    case 'POST webhooks/release':
      webhooks.release()
      return emptyReply()
    case 'GET webhooks/idle':
      await webhooks.idle()
      return jsonReply(200, webhooks.standing)
    default:
      return undefined
  }
}
