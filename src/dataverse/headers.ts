/** The headers of every Web API request (Dataverse: compose HTTP requests). */

import type { Send } from './send.ts'

export interface HeaderSettings {
  readonly userAgent: string
  /** Makes the id under which Microsoft's support finds one request: a GUID, new for each attempt. */
  readonly newRequestId: () => string
}

/** Adds OData's headers, our name and a request id; what the request itself says wins. */
export function withHeaders(send: Send, settings: HeaderSettings): Send {
  return (request, signal) =>
    send(
      {
        ...request,
        headers: {
          accept: 'application/json',
          'odata-maxversion': '4.0',
          'odata-version': '4.0',
          'user-agent': settings.userAgent,
          'x-ms-client-request-id': settings.newRequestId(),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
          ...request.headers,
        },
      },
      signal,
    )
}
