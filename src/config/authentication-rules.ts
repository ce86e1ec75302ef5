/** What a schema cannot express about application users: who they are, how each proves it, and that no two are one. */

import type { Complaint } from '../lib/errors.ts'
import { platformAuthority, registrationParts, tokenFileOf, userKey } from './application-user.ts'
import { type WrittenUser, writtenUsers } from './authentication-schema.ts'
import { INSTANCE_EXPECTED, parseInstance } from './instance.ts'
import { below, type Where } from './place.ts'
import type { Rule, TargetSubject } from './target-subject.ts'

export const AUTHENTICATION_RULES: readonly Rule<TargetSubject>[] = [
  {
    says: 'Instance, tenant and client id stand in the document or in `authentication`; a workload identity may have the latter two from its platform, a managed identity needs neither.',
    check: (subject) => [...instanceIsThere(subject), ...eachUser(subject, registrationIsComplete)],
  },
  {
    says: 'Each application user proves itself in one way: a client secret, a certificate, a workload identity or a managed identity.',
    check: (subject) => eachUser(subject, oneProof),
  },
  {
    says: "In a list of application users the document's client secret is for the document's client id alone.",
    check: (subject) => eachUser(subject, secretIsItsOwn),
  },
  {
    says: '`managedIdentity` names one of `clientId`, `resourceId` and `objectId` at most; no tenant, client id or authority stands beside it.',
    check: (subject) => eachUser(subject, identityStandsAlone),
  },
  {
    says: 'No two application users of a target have the same client id, or are the same identity.',
    check: usersDiffer,
  },
  {
    says: 'The instance is a URL of one of the known forms, and the same for all application users of a target.',
    check: instancesAreReadable,
  },
  { says: '`authorityMetadata` given as text is JSON.', check: (subject) => eachUser(subject, metadataIsJson) },
]

/** A user, what surrounds it, and how its own keys are named. */
interface UserSubject extends TargetSubject {
  readonly user: WrittenUser
  readonly isOneOfMany: boolean
  readonly whereUser: Where
}

function usersIn(subject: TargetSubject): UserSubject[] {
  const { authentication } = subject.target
  const users = writtenUsers(authentication)
  return users.map((user, index) => {
    const path = Array.isArray(authentication) ? ['authentication', index] : ['authentication']
    return { ...subject, user, isOneOfMany: users.length > 1, whereUser: below(subject.where, path) }
  })
}

function eachUser(subject: TargetSubject, check: (user: UserSubject) => Complaint[]): Complaint[] {
  return usersIn(subject).flatMap(check)
}

function instanceIsThere(subject: TargetSubject): Complaint[] {
  const { document, documentWhere } = subject
  const users = usersIn(subject)
  const [first] = users
  if (document.credentials.instance !== undefined || first === undefined) return []
  if (users.some(({ user }) => user.instance !== undefined)) return []
  return [nothing(documentWhere([...document.credentialsPath, 'instance']), first.whereUser(['instance']))]
}

function registrationIsComplete({ user, document, env, whereUser, documentWhere }: UserSubject): Complaint[] {
  if (user.managedIdentity !== undefined) return []
  const parts = registrationParts(user, document, env)
  const wanted = [
    ['tenantId', 'tenant_id', 'AZURE_TENANT_ID'],
    ['clientId', 'client_id', 'AZURE_CLIENT_ID'],
  ] as const
  return wanted
    .filter(([ours]) => parts[ours] === undefined)
    .map(([ours, theirs, variable]) => {
      const platform = user.workloadIdentity === undefined ? '' : `, or in the environment's ${variable}`
      return nothing(documentWhere([...document.credentialsPath, theirs]), `${whereUser([ours])}${platform}`)
    })
}

function nothing(where: string, elsewhere: string): Complaint {
  const remedy = 'Fill it in at one of them.'
  return { where, found: 'nothing', expected: `a value here, or in ${elsewhere}`, remedy }
}

const PROOFS = ['clientSecret', 'certificate', 'workloadIdentity', 'managedIdentity'] as const

function oneProof({ user, document, env, whereUser, documentWhere }: UserSubject): Complaint[] {
  const given = PROOFS.filter((key) => user[key] !== undefined)
  if (given.length > 1) {
    const remedy = 'Remove what is not used.'
    return [{ where: whereUser([]), found: given.join(' and '), expected: 'one of them', remedy }]
  }
  if (given.length === 0 && document.credentials.client_secret === undefined) {
    return [
      {
        where: documentWhere([...document.credentialsPath, 'client_secret']),
        found: 'nothing',
        expected: `a secret here, or ${PROOFS.join(', ')} in ${whereUser([])}`,
        remedy: `Refer to it with \${env:NAME} or \${file:PATH}, or name another proof.`,
      },
    ]
  }
  if (user.workloadIdentity === undefined) return []
  const complaints: Complaint[] = []
  if (tokenFileOf(user, env) === undefined) {
    complaints.push({
      where: whereUser(['workloadIdentity', 'tokenFile']),
      found: 'nothing',
      expected: "a path here, or in the environment's AZURE_FEDERATED_TOKEN_FILE",
      remedy: 'Let the platform set it (in Kubernetes a label of the pod asks for it), or name the path.',
    })
  }
  if (platformAuthority(user, env) === 'unusable') {
    complaints.push({
      where: 'AZURE_AUTHORITY_HOST',
      found: 'a text that is no https URL',
      expected: "the authority's address",
      remedy: `Correct the variable, or name the authority in ${whereUser(['authority'])}.`,
    })
  }
  return complaints
}

function secretIsItsOwn({ user, document, isOneOfMany, whereUser }: UserSubject): Complaint[] {
  const { client_id: theirs, client_secret: secret } = document.credentials
  const borrows = secret !== undefined && PROOFS.every((key) => user[key] === undefined)
  if (!isOneOfMany || !borrows || user.clientId === undefined) return []
  if (user.clientId.toLowerCase() === theirs?.toLowerCase()) return []
  return [
    {
      where: whereUser(['clientId']),
      found: "a client id of its own, with the document's client secret",
      expected: `one of ${PROOFS.join(', ')} beside it`,
      remedy: "Give this application user its own proof, or leave the client id to the document's.",
    },
  ]
}

function identityStandsAlone({ user, whereUser }: UserSubject): Complaint[] {
  if (user.managedIdentity === undefined) return []
  const named = Object.keys(user.managedIdentity).filter((key) => Object.hasOwn(user.managedIdentity ?? {}, key))
  const complaints: Complaint[] = []
  if (named.length > 1) {
    const remedy = 'Keep one; without any it is the system-assigned identity.'
    const where = whereUser(['managedIdentity'])
    complaints.push({ where, found: named.join(' and '), expected: 'one of them', remedy })
  }
  const strangers = (['tenantId', 'clientId', 'authority', 'authorityMetadata'] as const).filter(
    (key) => user[key] !== undefined,
  )
  const beside = user.knownAuthorities.length === 0 ? strangers : [...strangers, 'knownAuthorities']
  for (const key of beside) {
    complaints.push({
      where: whereUser([key]),
      found: 'a value beside managedIdentity',
      expected: 'nothing: Azure knows tenant and authority of its own identities',
      remedy: key === 'clientId' ? 'Move it into managedIdentity.' : 'Remove it.',
    })
  }
  return complaints
}

function usersDiffer(subject: TargetSubject): Complaint[] {
  const { document, env } = subject
  const users = usersIn(subject)
  const keys = users.map(({ user }) => userKey(user, document, env))
  return users.flatMap(({ user, whereUser, where }, index) => {
    const first = keys.indexOf(keys[index])
    if (keys[index] === undefined || first === index) return []
    return [
      {
        where: whereUser([user.managedIdentity === undefined ? 'clientId' : 'managedIdentity']),
        found: `the application user of ${where(['authentication', first])} again`,
        expected: 'an application user of its own: limits are counted for each, and a registration has one',
        remedy: 'Remove it, or make another app registration or identity and its application user.',
      },
    ]
  })
}

function instancesAreReadable(subject: TargetSubject): Complaint[] {
  const { document, documentWhere } = subject
  const theirs = document.credentials.instance
  const named = usersIn(subject).flatMap(({ user, whereUser }) =>
    user.instance === undefined ? [] : [{ text: user.instance, place: whereUser(['instance']) }],
  )
  if (named.length === 0 && theirs !== undefined) {
    named.push({ text: theirs, place: documentWhere([...document.credentialsPath, 'instance']) })
  }
  const first = parseInstance(named[0]?.text ?? '')
  return named.flatMap(({ text, place }) => {
    const instance = parseInstance(text)
    if (instance === undefined) {
      const remedy = 'Give the address of the environment, without a user name, query or fragment.'
      return [{ where: place, found: 'a URL of another form', expected: INSTANCE_EXPECTED, remedy }]
    }
    if (first === undefined || instance.root === first.root) return []
    const remedy = 'Make a target for each environment.'
    return [{ where: place, found: 'another instance', expected: 'one environment for a target', remedy }]
  })
}

function metadataIsJson({ user, whereUser }: UserSubject): Complaint[] {
  if (typeof user.authorityMetadata !== 'string') return []
  try {
    JSON.parse(user.authorityMetadata)
    return []
  } catch {
    // The engine's message quotes the text, so it is dropped.
    const place = whereUser(['authorityMetadata'])
    return [{ where: place, found: 'text that is no JSON', expected: 'JSON', remedy: 'Give it as an object instead.' }]
  }
}
