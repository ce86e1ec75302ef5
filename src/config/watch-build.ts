/** Checked settings as written → what tells others of a run, as used. */

import { resolve } from 'node:path'
import { defect } from '../lib/errors.ts'
import { present } from './present.ts'
import { parseDurationMs } from './quantity.ts'
import type { WrittenSettings } from './schema.ts'
import { Secret } from './secret.ts'
import type { WatchSettings } from './watch-settings.ts'

/** Relative paths lie in `folder`. */
export function buildWatch(
  { metrics, heartbeat, credentials, notify }: WrittenSettings,
  folder: string,
): WatchSettings {
  return {
    metrics: present({ ...metrics, textFile: metrics.textFile && resolve(folder, metrics.textFile) }),
    ...(heartbeat && {
      heartbeat: { url: new Secret(heartbeat.url), on: heartbeat.on, timeoutMs: durationMs(heartbeat.timeout) },
    }),
    credentials: {
      alarmDays: credentials.alarmDays,
      known: credentials.known.map(({ name, ends }) => ({ name, endsAtMs: Date.parse(`${ends}T23:59:59Z`) })),
    },
    notify: notify.map(({ url, template, headers, timeout, ...rest }) =>
      present({
        ...rest,
        url: new Secret(url),
        template: template && new Secret(JSON.stringify(template)),
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new Secret(value)])),
        timeoutMs: durationMs(timeout),
      }),
    ),
  }
}

function durationMs(text: string): number {
  return parseDurationMs(text) ?? defect('config/build', 'a duration that the schema let through')
}
