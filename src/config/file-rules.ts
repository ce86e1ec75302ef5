/** What a schema cannot express about the whole file: rules across fields, checked by the program only. */

import { isAbsolute, relative, resolve, sep } from 'node:path'
import type { Complaint } from '../lib/errors.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import type { FileSubject } from './file-subject.ts'
import type { Path } from './place.ts'
import type { WrittenSettings } from './schema.ts'
import { parseSecureUrl, SECURE_URL_EXPECTED } from './secure-url.ts'
import { sourceDeletesAfterDays } from './source-build.ts'
import type { Rule } from './target-subject.ts'
import { hooksAreUrls, placeholdersAreKnown, templatesHaveWebhooks } from './watch-rules.ts'

export const FILE_RULES: readonly Rule<FileSubject>[] = [
  { says: 'No two targets have the same name.', check: namesAreUnique },
  { says: 'A CSV spelling means yes or no, never both.', check: spellingsAreClear },
  { says: 'An `endpoint`, `apiRoot` and an `exportLogPath` that is no path are URLs.', check: urlsAreReadable },
  { says: "Neither the archive nor `report.to` is in the source's folder or bucket.", check: copiesAreElsewhere },
  { says: '`retention.alarmAfterDays` is below the age at which the source deletes.', check: alarmComesInTime },
  { says: 'The receiver speaks plain HTTP only on loopback, or behind an ingress.', check: eventsAreEncrypted },
  { says: '`heartbeat.url` and the `url`s of `notify` are URLs.', check: hooksAreUrls },
  { says: '`template` and `headers` of `notify` go with `kind: webhook`.', check: templatesHaveWebhooks },
  { says: 'The placeholders of a `template` are those that are filled in.', check: placeholdersAreKnown },
]

function namesAreUnique({ names, where }: FileSubject): Complaint[] {
  return names.flatMap((name, index) => {
    const first = names.indexOf(name)
    if (typeof name !== 'string' || first === index) return []
    const found = `the name of targets[${first}] again`
    return [
      {
        where: where(['targets', index, 'name']),
        found,
        expected: 'a name of its own',
        remedy: 'Rename one of the two.',
      },
    ]
  })
}

function spellingsAreClear({ choices, where }: FileSubject): Complaint[] {
  return Object.entries(choices)
    .filter(([, spellings]) => spellings.true.some((spelling) => spellings.false.includes(spelling)))
    .map(([key]) => ({
      where: where(['source', 'csv', 'choices', key]),
      found: 'one spelling for both yes and no',
      expected: 'different spellings',
      remedy: 'Keep it in one of the two lists.',
    }))
}

function urlsAreReadable({ source, archive, report, didomi, where }: FileSubject): Complaint[] {
  const urls: ReadonlyArray<readonly [Path, string | undefined]> = [
    [['source', 's3', 'endpoint'], source?.s3?.endpoint],
    [['source', 'gcs', 'endpoint'], source?.gcs?.endpoint],
    [['archive', 'to', 's3', 'endpoint'], archive?.to.s3?.endpoint],
    [['archive', 'to', 'gcs', 'endpoint'], archive?.to.gcs?.endpoint],
    [['report', 'to', 's3', 'endpoint'], report?.to?.s3?.endpoint],
    [['report', 'to', 'gcs', 'endpoint'], report?.to?.gcs?.endpoint],
    [['didomi', 'apiRoot'], didomi?.apiRoot],
    [['didomi', 'exportLogPath'], didomi?.exportLogPath.startsWith('/') ? undefined : didomi?.exportLogPath],
  ]
  return urls
    .filter(([, url]) => url !== undefined && parseSecureUrl(url) === undefined)
    .map(([path]) => ({
      where: where(path),
      found: 'a text that is no URL',
      expected: SECURE_URL_EXPECTED,
      remedy: 'Correct its host or port.',
    }))
}

type WrittenLocation = NonNullable<WrittenSettings['archive']>['to']

/** An archive inside the source would be listed as a part of it, and copied again; and nothing of ours is written there. */
function copiesAreElsewhere({ source, archive, report, folder, where }: FileSubject): Complaint[] {
  const places = [
    { path: ['archive', 'to'], to: archive?.to, remedy: 'Name another place for the copies.' },
    { path: ['report', 'to'], to: report?.to, remedy: 'Name another place for the reports.' },
  ]
  return places.flatMap(({ path, to, remedy }) => {
    const shared = source === undefined || to === undefined ? undefined : sharedWith(source, to, folder)
    return shared === undefined ? [] : [{ where: where(path), ...shared, remedy }]
  })
}

function sharedWith(
  source: WrittenLocation,
  to: WrittenLocation,
  folder: string,
): Pick<Complaint, 'found' | 'expected'> | undefined {
  if (source.directory !== undefined && to.directory !== undefined) {
    const inside = relative(resolve(folder, source.directory), resolve(folder, to.directory))
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return undefined
    const found = inside === '' ? "the source's folder" : "a folder inside the source's"
    return { found, expected: 'a folder outside of it' }
  }
  const bucket = bucketOf(source)
  if (bucket === undefined || bucket !== bucketOf(to)) return undefined
  return { found: "the source's bucket", expected: 'another bucket' }
}

/** A bucket by its server and name, whichever of its interfaces is used; `undefined` for a folder. */
function bucketOf({ s3, gcs }: Pick<WrittenLocation, 's3' | 'gcs'>): string | undefined {
  const location = s3 ?? gcs
  if (location === undefined) return undefined
  const host = location.endpoint === undefined ? undefined : parseSecureUrl(location.endpoint)?.host
  const server = host ?? (s3 === undefined ? 'googleapis.com' : 'amazonaws.com')
  return `${/(?:^|\.)(googleapis\.com|amazonaws\.com)$/.exec(server)?.[1] ?? server}/${location.bucket}`
}

function alarmComesInTime({ source, retention, where }: FileSubject): Complaint[] {
  const days = retention?.days ?? (source && sourceDeletesAfterDays(source))
  if (retention === undefined || days === undefined || retention.alarmAfterDays < days) return []
  return [
    {
      where: where(['retention', 'alarmAfterDays']),
      found: `${retention.alarmAfterDays} days, when the source has deleted the partition after ${days}`,
      expected: `less than ${days}`,
      remedy: 'Lower it, or set retention.days to the age at which the bucket really deletes.',
    },
  ]
}

function eventsAreEncrypted({ reverse, where }: FileSubject): Complaint[] {
  const webhook = reverse?.webhook
  if (webhook === undefined || webhook.tls !== undefined || webhook.ingress || isLoopbackHost(webhook.host)) return []
  return [
    {
      where: where(['reverse', 'webhook', 'host']),
      found: 'an address beyond loopback, and no TLS: the secret would be readable on the way',
      expected: '`tls`, or `ingress: true` where an ingress in front ends it',
      remedy: 'Give certificate and key under `tls`, or say `ingress: true`, or listen at 127.0.0.1.',
    },
  ]
}
