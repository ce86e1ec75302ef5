/** What a schema cannot express about notifications and metrics: rules across fields, checked by the program only. */

import type { Complaint } from '../lib/errors.ts'
import { isPlaceholder, PLACEHOLDERS, placeholdersIn } from '../notify/template.ts'
import type { FileSubject } from './file-subject.ts'
import { HOOK_URL_EXPECTED, parseHookUrl } from './secure-url.ts'

/** `template` and `headers` belong to webhooks alone; the others have forms of their own. */
export function templatesHaveWebhooks({ notify = [], where }: FileSubject): Complaint[] {
  return notify.flatMap(({ kind, template, headers }, index) => {
    if (kind === 'webhook') return []
    const extra = [
      ...(template === undefined ? [] : ['template']),
      ...(Object.keys(headers).length === 0 ? [] : ['headers']),
    ]
    return extra.map((key) => ({
      where: where(['notify', index, key]),
      found: `a key that \`${kind}\` does not have`,
      expected: '`kind: webhook` beside it',
      remedy: 'Remove it, or choose the other kind.',
    }))
  })
}

/** A placeholder that nobody fills in would be sent as it is. */
export function placeholdersAreKnown({ notify = [], where }: FileSubject): Complaint[] {
  return notify.flatMap(({ template }, index) => {
    if (template === undefined || placeholdersIn(template).every(isPlaceholder)) return []
    return [
      {
        where: where(['notify', index, 'template']),
        found: 'a placeholder that nobody fills in',
        expected: `only ${Object.keys(PLACEHOLDERS)
          .map((name) => `{{${name}}}`)
          .join(', ')}`,
        remedy: 'Correct its name.',
      },
    ]
  })
}

export function hooksAreUrls({ notify = [], heartbeat, where }: FileSubject): Complaint[] {
  const urls = [
    ...notify.map(({ url }, index) => ({ path: ['notify', index, 'url'], url })),
    ...(heartbeat === undefined ? [] : [{ path: ['heartbeat', 'url'], url: heartbeat.url }]),
  ]
  return urls
    .filter(({ url }) => parseHookUrl(url) === undefined)
    .map(({ path }) => ({
      where: where(path),
      found: 'a text that is no such URL',
      expected: HOOK_URL_EXPECTED,
      remedy: 'Copy it again from the service that gave it.',
    }))
}
