/** What a schema cannot express about one target: rules across fields, checked by the program only. */

import type { Complaint } from '../lib/errors.ts'
import type { IntegrationDocument } from './document.ts'
import { INSTANCE_EXPECTED, parseInstance } from './instance.ts'
import { below, type Where } from './place.ts'
import type { WrittenTarget } from './schema.ts'

/** A target with its document, and how places in both are named. */
export interface TargetSubject {
  readonly target: WrittenTarget
  readonly document: IntegrationDocument
  readonly where: Where
  readonly documentWhere: Where
}

/** A rule; `says` is its sentence in docs/configuration.md. */
export interface Rule<Subject> {
  readonly says: string
  readonly check: (subject: Subject) => Complaint[]
}

export const TARGET_RULES: readonly Rule<TargetSubject>[] = [
  { says: 'No mapping entry names the same `id` twice for one channel (§4).', check: entriesAreUnique },
  { says: 'Every id of `entryOptions` is an `id` of the integration document.', check: optionsHaveEntries },
  {
    says: 'Instance, tenant and client id stand in the document or in `authentication`.',
    check: credentialsAreComplete,
  },
  { says: 'There is a client secret or a certificate; `authentication` names only one of them.', check: oneProof },
  { says: 'The instance is a URL of one of the known forms.', check: instanceIsReadable },
  { says: '`authorityMetadata` given as text is JSON.', check: metadataIsJson },
]

/** Entry ids compare as they are written to Dataverse: GUIDs in lower case. */
export function canonicalId(id: string): string {
  return id.toLowerCase()
}

function entriesAreUnique({ target, document, documentWhere }: TargetSubject): Complaint[] {
  const { mode, entries } = document
  const channelOf = (index: number): string | undefined => {
    const entry = entries[index]
    if (entry === undefined || mode === 'contact') return undefined
    return optionsOf(target, entry.id)?.channel ?? entry.channel
  }
  return entries.flatMap((entry, index) => {
    const first = entries.findIndex((other, otherIndex) => {
      if (otherIndex >= index || canonicalId(other.id) !== canonicalId(entry.id)) return false
      const [here, there] = [channelOf(index), channelOf(otherIndex)]
      return here === undefined || there === undefined || here === there
    })
    if (first === -1) return []
    return [
      {
        where: documentWhere([...document.entriesPath, index, 'id']),
        found: `the id of entry ${first} again`,
        expected: 'one entry for an id and a channel',
        remedy: 'Remove one of the two, or give each a channel of its own.',
      },
    ]
  })
}

/** The settings' options for an entry's id. */
export function optionsOf(target: WrittenTarget, id: string): WrittenTarget['entryOptions'][string] | undefined {
  const named = Object.entries(target.entryOptions).find(([key]) => canonicalId(key) === canonicalId(id))
  return named?.[1]
}

function optionsHaveEntries({ target, document, where }: TargetSubject): Complaint[] {
  const known = new Set(document.entries.map(({ id }) => canonicalId(id)))
  return Object.keys(target.entryOptions)
    .filter((id) => !known.has(canonicalId(id)))
    .map((id) => ({
      where: where(['entryOptions', id]),
      found: 'options for an id that the integration document does not map',
      expected: "an entry's id",
      remedy: 'Correct the id, or remove the options.',
    }))
}

function credentialsAreComplete({ target, document, where, documentWhere }: TargetSubject): Complaint[] {
  const { authentication } = target
  const wanted = [
    ['instance', 'instance'],
    ['tenantId', 'tenant_id'],
    ['clientId', 'client_id'],
  ] as const
  return wanted
    .filter(([ours, theirs]) => authentication[ours] === undefined && document.credentials[theirs] === undefined)
    .map(([ours, theirs]) => ({
      where: documentWhere([...document.credentialsPath, theirs]),
      found: 'nothing',
      expected: `a value here, or in ${where(['authentication', ours])}`,
      remedy: 'Fill it in at one of the two.',
    }))
}

function oneProof({ target, document, where, documentWhere }: TargetSubject): Complaint[] {
  const { clientSecret, certificate } = target.authentication
  if (clientSecret !== undefined && certificate !== undefined) {
    return [
      {
        where: where(['authentication']),
        found: 'both clientSecret and certificate',
        expected: 'one of them',
        remedy: 'Remove the one that is not used.',
      },
    ]
  }
  if (clientSecret ?? certificate ?? document.credentials.client_secret) return []
  return [
    {
      where: documentWhere([...document.credentialsPath, 'client_secret']),
      found: 'nothing',
      expected: `a secret here, or clientSecret or certificate in ${where(['authentication'])}`,
      remedy: `Refer to it with \${env:NAME} or \${file:PATH}.`,
    },
  ]
}

function instanceIsReadable({ target, document, where, documentWhere }: TargetSubject): Complaint[] {
  const ours = target.authentication.instance
  const instance = ours ?? document.credentials.instance
  if (instance === undefined || parseInstance(instance) !== undefined) return []
  const place = ours === undefined ? below(documentWhere, document.credentialsPath) : below(where, ['authentication'])
  return [
    {
      where: place(['instance']),
      found: 'a URL of another form',
      expected: INSTANCE_EXPECTED,
      remedy: 'Give the address of the environment, without a user name, query or fragment.',
    },
  ]
}

function metadataIsJson({ target, where }: TargetSubject): Complaint[] {
  const { authorityMetadata: metadata } = target.authentication
  if (typeof metadata !== 'string') return []
  try {
    JSON.parse(metadata)
    return []
  } catch {
    // The engine's message quotes the text, so it is dropped.
    const place = where(['authentication', 'authorityMetadata'])
    return [{ where: place, found: 'text that is no JSON', expected: 'JSON', remedy: 'Give it as an object instead.' }]
  }
}
