/** The doctor finds every misconfiguration that is planted, and only that; it writes nothing and names nobody. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DoctorWorlds } from '../../jobs/doctor.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { RegistrationSettings } from '../../src/dataverse/application-user.ts'
import { targetWorld } from '../../src/doctor/target-world.ts'
import { consentTable } from '../../src/emulator/consent-tables.ts'
import {
  ADMINISTRATOR_ROLE_ID,
  APPLICATION_USER_ID,
  COMMERCIAL_PURPOSE_ID,
  DEFAULT_APP_ID,
  INACTIVE_PURPOSE_ID,
  NEWSLETTER_TOPIC_ID,
  SECOND_PURPOSE_ID,
} from '../../src/emulator/seed-ids.ts'
import type { World } from '../../src/emulator/world.ts'
import type { DoctorReport } from '../../src/report/doctor-report.ts'
import { NEWS } from '../support/deliver-consent-world.ts'
import { DAYS, id } from '../support/deliver-samples.ts'
import type { TargetDraft } from '../support/deliver-settings.ts'
import type { DeliverWorld } from '../support/deliver-world.ts'
import {
  ask,
  CONSENT_TARGET,
  CONTACT_TARGET,
  differences,
  openHealthy,
  type Spoilt,
  saidBy,
} from '../support/doctor-world.ts'
import { selfSigned } from '../support/self-signed.ts'

let world: DeliverWorld
let healthy: DoctorReport

beforeAll(async () => {
  world = await openHealthy()
  healthy = await ask(world)
}, 60_000)

afterAll(() => world.emulator.close())

it('a healthy installation: everything is well, and what does not apply says why', () => {
  expect(healthy.checks.filter(({ status }) => status !== 'ok' && status !== 'skipped')).toEqual([])
  expect(healthy.exitCode).toBe(0)
  expect(healthy.counts.ok).toBeGreaterThan(35)
  expect(healthy.checks.every((one) => one.status !== 'skipped' || one.why.length > 0)).toBe(true)
})

interface Case extends Spoilt {
  /** `group/check` → status, of everything that is not as in a healthy world. */
  readonly differs: Readonly<Record<string, string>>
  /** Part of what the first of them says. */
  readonly says: string | RegExp
  readonly exit: number
}

type Cases = Readonly<Record<string, Case>>

/** Spoils the target that writes consents, and leaves the other out: each costs its time. */
const consents = (more: Partial<TargetDraft> & { readonly options?: object } = {}, spoilt: Spoilt = {}): Spoilt => ({
  draft: { targets: [{ ...CONSENT_TARGET, ...more }] },
  ...spoilt,
})

/** The same for the target that writes columns of contacts. */
const contacts = (mapping: object = {}, more: Partial<TargetDraft> = {}, spoilt: Spoilt = {}): Spoilt => {
  const [entry] = CONTACT_TARGET.mappings
  return {
    draft: { targets: [{ ...CONTACT_TARGET, mappings: [{ id: 'new_newsletter', ...entry, ...mapping }], ...more }] },
    ...spoilt,
  }
}

const seeded = (seed: Parameters<World['seed']>[0]): Spoilt => ({ environment: (emulated) => emulated.seed(seed) })
const edited = (set: string, key: string, changes: object, by?: string): Spoilt => ({
  environment: (emulated) => emulated.edit(set, key, { ...changes }, by),
})

/** So many contacts are taken away. */
const withoutContacts = (count: number): Spoilt => ({
  environment: (emulated) => {
    for (let n = 1; n <= count; n += 1) emulated.delete('contacts', id(n))
  },
})

/** The certificate of the application user ends at this time. */
function certificateUntil(to: string): Spoilt {
  const { certificate, privateKey, thumbprintSha256 } = selfSigned('2000-01-01T00:00:00Z', to)
  return {
    settings: (settings) => ({
      ...settings,
      targets: settings.targets.map((target) => ({
        ...target,
        authentication: [
          {
            ...(target.authentication[0] as RegistrationSettings),
            credential: {
              kind: 'certificate',
              thumbprintSha256,
              privateKey: { reveal: () => privateKey },
              x5c: { reveal: () => certificate },
            },
          },
        ],
      })),
    }),
    environment: (emulated) =>
      emulated.seed({
        applications: [{ appId: DEFAULT_APP_ID, userId: APPLICATION_USER_ID, certificates: [{ certificate }] }],
      }),
  }
}

const withStore = (store: Partial<DoctorWorlds['store']>): Spoilt => ({
  worlds: (worlds) => ({ ...worlds, store: { ...worlds.store, ...store } }),
})

const place = { exists: true, writable: true, freeBytes: 10 ** 12, held: false }

/** Persons as a store would give them, in place of those that are in it. */
const withOuids = (ouids: readonly string[]): Spoilt => ({
  worlds: (worlds) => ({
    ...worlds,
    targets: worlds.targets.map((target) => {
      const glance = async () => {
        const read = await target.glance()
        return read && { ...read, ouids }
      }
      return targetWorld({ ...target, glance })
    }),
  }),
})

const hashed = Array.from({ length: 30 }, (_, n) => createHash('sha256').update(`person ${n}`).digest('hex'))
const OTHER_APP = '0c0ffee0-0000-4000-8000-000000000009'
const OTHER_USER = '0c000000-0000-4000-8000-000000000009'
const TOPIC = { id: `topic:${NEWSLETTER_TOPIC_ID}`, value: 'consents_purposes_news_enabled' }

const STORE_CASES: Cases = {
  'a store that may not be written': {
    ...contacts({}, {}, withStore({ place: async () => ({ ...place, writable: false }) })),
    differs: { 'store/writable': 'failed' },
    says: 'may not be written',
    exit: 2,
  },
  'a database in which no copy may be made': {
    ...contacts({}, {}, withStore({ place: async () => ({ ...place, copyable: false }) })),
    differs: { 'store/copy': 'warning' },
    says: 'no temporary tables may be made in the database',
    exit: 0,
  },
  'a disk that is nearly full': {
    ...contacts({}, {}, withStore({ place: async () => ({ ...place, freeBytes: 10 ** 8 }) })),
    differs: { 'store/writable': 'warning' },
    says: '95 MiB of room left',
    exit: 0,
  },
  'a job that has not run for three days': {
    ...contacts({}, {}, { aheadMs: 3 * DAYS }),
    differs: { 'store/last-run': 'warning', 'contacts/clock': 'failed' },
    says: /73 h ago; the last one ended with 0/,
    exit: 2,
  },
}

const SOURCE_CASES: Cases = {
  'a folder that is not there': {
    ...contacts({}, {}, { settings: (settings) => withLocation(settings, '/nowhere/at/all') }),
    differs: { 'source/list': 'failed' },
    says: 'source-unreadable',
    exit: 4,
  },
  'a prefix under which nothing lies': {
    ...contacts(
      {},
      {},
      { settings: (settings) => ({ ...settings, source: { ...settings.source, prefix: 'other/' } }) },
    ),
    differs: { 'source/list': 'warning' },
    says: 'no partition in the folder below "other/"',
    exit: 0,
  },
  'an archive that cannot be listed': {
    ...contacts(
      {},
      {},
      {
        settings: (settings) => ({
          ...settings,
          archive: { to: { kind: 'directory', directory: String(settings.store.sqlite) } },
        }),
      },
    ),
    differs: { 'source/archive': 'failed' },
    says: 'source-unreadable',
    exit: 4,
  },
}

const ACCESS_CASES: Cases = {
  'a secret that is wrong': {
    ...consents({ application: { appId: DEFAULT_APP_ID, secret: 'wrong' } }),
    differs: { 'consents/token': 'failed' },
    says: /token-refused.*AADSTS7000215/,
    exit: 3,
  },
  'a certificate that expired': {
    ...consents({}, certificateUntil('2026-02-01T00:00:00Z')),
    differs: { 'consents/credentials': 'failed' },
    says: 'expired on 2026-02-01',
    exit: 3,
  },
  'a certificate that expires soon': {
    ...consents({}, certificateUntil('2026-03-11T00:00:00Z')),
    differs: { 'consents/credentials': 'warning', 'consents/token': 'failed' },
    says: 'expires on 2026-03-11, in 9 days',
    exit: 3,
  },
  'a private key that is none': {
    ...consents(
      {},
      {
        settings: (settings) => ({
          ...settings,
          targets: settings.targets.map((target) => ({
            ...target,
            authentication: [
              {
                ...(target.authentication[0] as RegistrationSettings),
                credential: { kind: 'certificate', thumbprintSha256: 'x', privateKey: { reveal: () => '' } },
              },
            ],
          })),
        }),
      },
    ),
    differs: { 'consents/token': 'failed' },
    says: 'token-refused',
    exit: 3,
  },
  'an app registration without application user': {
    ...consents(
      { application: { appId: OTHER_APP, secret: 'other' } },
      seeded({ applications: [{ appId: OTHER_APP, secrets: [{ value: 'other' }] }] }),
    ),
    differs: { 'consents/user': 'failed' },
    says: '0x80072560',
    exit: 3,
  },
  'a user that is no application user': {
    ...contacts({}, {}, edited('systemusers', APPLICATION_USER_ID, { applicationid: null })),
    differs: { 'contacts/user': 'warning' },
    says: 'no application user',
    exit: 0,
  },
  "the native integration's own application user": {
    ...contacts({}, {}, edited('systemusers', APPLICATION_USER_ID, { fullname: '# Didomi' })),
    differs: { 'contacts/user': 'warning' },
    says: 'named after Didomi',
    exit: 0,
  },
  'one application user for two': {
    ...contacts(
      {},
      {},
      {
        settings: (settings) => ({
          ...settings,
          targets: settings.targets.map((target) => {
            const [first] = target.authentication
            return { ...target, authentication: [first, first] as const }
          }),
        }),
      },
    ),
    differs: { 'contacts/user': 'failed' },
    says: 'several entries that are the same application user',
    exit: 2,
  },
  'the System Administrator role': {
    ...contacts(
      {},
      {},
      seeded({
        rows: {
          systemuserrolescollection: [{ systemuserid: APPLICATION_USER_ID, roleid: ADMINISTRATOR_ROLE_ID }],
        },
      }),
    ),
    differs: { 'contacts/roles': 'warning' },
    says: 'System Administrator',
    exit: 0,
  },
  'roles that may not be read': {
    ...contacts({}, {}, seeded({ withoutPrivileges: ['prvReadRole'] })),
    differs: { 'contacts/roles': 'skipped' },
    says: 'may not be read',
    exit: 0,
  },
  'a privilege that is missing': {
    ...consents({}, seeded({ withoutPrivileges: ['prvAppendTomsdynmkt_purpose'] })),
    differs: { 'consents/privileges': 'failed' },
    says: 'prvAppendTomsdynmkt_purpose is missing',
    exit: 3,
  },
  'metadata that may not be read': {
    ...contacts({}, {}, seeded({ withoutPrivileges: ['prvReadEntity'] })),
    differs: { 'contacts/privileges': 'failed warning', 'contacts/tables': 'failed' },
    says: 'prvReadEntity is missing',
    exit: 3,
  },
  'a privilege that reads own rows only': {
    ...consents({}, seeded({ privileges: { prvReadmsdynmkt_contactpointconsent4: 'Basic' } })),
    differs: { 'consents/privileges': 'failed' },
    says: 'reaches no further than its own rows',
    exit: 3,
  },
  'a clock that is two minutes ahead': {
    ...contacts({}, {}, { aheadMs: 120_000 }),
    differs: { 'contacts/clock': 'warning' },
    says: /our clock is 119 s ahead/,
    exit: 0,
  },
}

const TABLE_CASES: Cases = {
  'a consent table that is not there': {
    ...consents({ options: { tables: { consent: 'msdynmkt_contactpointconsent9' } } }),
    differs: { 'consents/tables': 'failed' },
    says: 'no such table',
    exit: 2,
  },
  'a newer consent table beside ours': {
    ...consents(
      {},
      {
        environment: ({ state }) =>
          state.addTable({
            ...consentTable(),
            logicalName: 'msdynmkt_contactpointconsent5',
            entitySetName: 'msdynmkt_contactpointconsent5s',
          }),
      },
    ),
    differs: { 'consents/table-version': 'warning' },
    says: 'msdynmkt_contactpointconsent5 beside',
    exit: 0,
  },
  'a consent table that is elastic': {
    ...consents({}, seeded({ elastic: ['msdynmkt_contactpointconsent4'] })),
    differs: { 'consents/tables': 'failed' },
    says: 'elastic table',
    exit: 2,
  },
  'an option that the consent table lacks': {
    ...consents(
      {},
      {
        environment: ({ state }) => {
          const { columns } = state.table('msdynmkt_contactpointconsent4').schema
          const column = columns.get('msdynmkt_value')
          if (column !== undefined)
            columns.set('msdynmkt_value', { ...column, options: column.options?.slice(0, 2) ?? [] })
        },
      },
    ),
    differs: { 'consents/consent-codes': 'failed' },
    says: 'msdynmkt_value without the option 534120002',
    exit: 2,
  },
  'no bulk messages': {
    ...contacts({}, {}, seeded({ withoutBulk: ['contact'] })),
    differs: { 'contacts/bulk': 'warning' },
    says: 'no UpdateMultiple',
    exit: 0,
  },
  'no change tracking': {
    ...contacts({}, {}, seeded({ withoutChangeTracking: ['contact'] })),
    differs: { 'contacts/change-tracking': 'warning' },
    says: 'Turn it on',
    exit: 0,
  },
  'an alternate key whose index failed': {
    ...contacts(
      {},
      {},
      seeded({
        keys: [{ table: 'contact', schemaName: 'new_MailKey', columns: ['emailaddress1'], status: 'Failed' }],
      }),
    ),
    differs: { 'contacts/match-key': 'warning' },
    says: 'new_mailkey of emailaddress1 is Failed',
    exit: 0,
  },
}

const secure = (name: string): Spoilt => ({
  environment: ({ state }) => {
    const { columns } = state.table('contact').schema
    const column = columns.get(name)
    if (column !== undefined) columns.set(name, { ...column, secured: true })
  },
})

const SECURITY_CASES: Cases = {
  'a mapped column under column security': {
    ...contacts({}, {}, secure('new_newsletter')),
    differs: { 'contacts/column-security': 'warning' },
    says: 'contact.new_newsletter is under column security',
    exit: 0,
  },
  'an address column under column security': {
    ...consents({}, secure('emailaddress1')),
    differs: { 'consents/column-security': 'warning' },
    says: 'contact.emailaddress1',
    exit: 0,
  },
}

const MAPPING_CASES: Cases = {
  'a column that is not there': {
    ...contacts({ id: 'new_nothing' }),
    differs: { 'contacts/mapping': 'failed' },
    says: 'no column new_nothing',
    exit: 2,
  },
  'a column of a type that does not fit': {
    ...contacts({ id: 'birthdate' }),
    differs: { 'contacts/mapping': 'failed' },
    says: 'birthdate',
    exit: 2,
  },
  'an option that a column lacks': {
    ...contacts({ id: 'new_choice' }, { options: { entryOptions: { new_choice: { trueValue: 1, falseValue: 7 } } } }),
    differs: { 'contacts/mapping': 'failed' },
    says: 'among the codes 1',
    exit: 2,
  },
  'a match attribute that is not there': {
    ...contacts({}, { options: { contact: { matchAttribute: 'new_ouid' } } }),
    differs: {
      'contacts/mapping': 'failed',
      'contacts/match-key': 'failed',
    },
    says: 'no column new_ouid',
    exit: 2,
  },
  'a purpose that is not there': {
    ...consents({ mappings: [{ ...NEWS, id: `purpose:${id(99)}` }] }),
    differs: { 'consents/mapping': 'failed' },
    says: 'no purpose with this id',
    exit: 2,
  },
  'a topic that is not there': {
    ...consents({ mappings: [{ ...TOPIC, id: `topic:${id(98)}` }] }),
    differs: { 'consents/mapping': 'failed' },
    says: 'no topic with this id',
    exit: 2,
  },
  'a value that nobody ever said': {
    ...contacts({ value: 'consents_purposes_nobody_enabled' }),
    differs: { 'contacts/mapping': 'warning' },
    says: 'no id in the store, the catalogue or the lookup matches',
    exit: 0,
  },
}

const PURPOSE_CASES: Cases = {
  'a purpose that is inactive': {
    ...consents({ mappings: [{ ...NEWS, id: `purpose:${INACTIVE_PURPOSE_ID}` }] }),
    differs: { 'consents/purposes': 'warning' },
    says: 'is inactive',
    exit: 0,
  },
  'a purpose that is not enforced': {
    ...consents({}, edited('msdynmkt_purposes', COMMERCIAL_PURPOSE_ID, { msdynmkt_enforcementmodel: 534120002 })),
    differs: { 'consents/enforcement': 'warning' },
    says: 'not enforced for email',
    exit: 0,
  },
  'topics alone below a restrictive purpose': {
    ...consents({ mappings: [TOPIC] }),
    differs: { 'consents/enforcement': 'warning' },
    says: 'only topics below it are mapped',
    exit: 0,
  },
  'a purpose of another business unit': {
    ...consents({ mappings: [{ ...NEWS, id: `purpose:${SECOND_PURPOSE_ID}` }], options: { owner: 'default' } }),
    differs: { 'consents/owner': 'warning' },
    says: 'another business unit',
    exit: 0,
  },
  'an address column that is no recipient': {
    ...consents(
      { options: { contactPoints: [{ channel: 'email', from: 'contact.emailaddress2' }] } },
      // Of leads it is one, which says nothing of contacts.
      seeded({
        rows: {
          msdynmkt_contactpointsettingses: [
            { msdynmkt_entityname: 'lead', msdynmkt_emailaddressfields: '["emailaddress2"]' },
          ],
        },
      }),
    ),
    differs: { 'consents/audience': 'warning' },
    says: 'contact.emailaddress2 is no recipient column of email messages',
    exit: 0,
  },
  'a contact that is set to refuse e-mail': {
    ...consents({}, edited('contacts', id(1), { donotbulkemail: true })),
    differs: { 'consents/contact-flags': 'warning' },
    says: 'Check contact consent in real-time journeys',
    exit: 0,
  },
}

const CONTACT_CASES: Cases = {
  'a match attribute that nobody matches': {
    ...contacts({}, {}, withoutContacts(24)),
    differs: { 'contacts/match-rate': 'failed' },
    says: '0 of 24 persons have a contact by emailaddress1',
    exit: 2,
  },
  'a match attribute that few match': {
    ...contacts({}, {}, withoutContacts(16)),
    differs: { 'contacts/match-rate': 'warning' },
    says: '8 of 24 persons',
    exit: 0,
  },
  'two contacts with one address': {
    ...contacts(
      {},
      {},
      {
        environment: (emulated) => {
          const [first] = emulated.rows('contacts')
          emulated.seed({ rows: { contacts: [{ contactid: id(77), emailaddress1: first?.['emailaddress1'] }] } })
        },
      },
    ),
    differs: { 'contacts/match-uniqueness': 'warning' },
    says: '1 of 24 values of emailaddress1 stand at several contacts',
    exit: 0,
  },
  'two contacts with one address, before the first run': {
    ...contacts(
      {},
      {},
      {
        settings: (settings) => ({
          ...settings,
          store: { kind: 'sqlite', sqlite: join(world.folder, 'none', 'none.db'), spillFolder: world.folder },
        }),
        environment: (emulated) => {
          const [first] = emulated.rows('contacts')
          emulated.seed({ rows: { contacts: [{ contactid: id(77), emailaddress1: first?.['emailaddress1'] }] } })
        },
      },
    ),
    differs: { 'contacts/match-uniqueness': 'warning' },
    says: '1 of 24 values of emailaddress1 stand at several contacts',
    exit: 0,
  },
  'OUIDs that are hashes': {
    ...contacts({}, {}, withOuids(hashed)),
    differs: { 'contacts/hashed-ouids': 'warning', 'contacts/match-rate': 'failed' },
    says: '100 % of 30 look hashed',
    exit: 2,
  },
  'a native integration that still writes contacts': {
    ...contacts(
      {},
      {},
      {
        environment: (emulated) => {
          emulated.seed({ applications: [{ appId: OTHER_APP, userId: OTHER_USER }] })
          emulated.edit('systemusers', OTHER_USER, { fullname: '# Didomi integration' })
          emulated.edit('contacts', id(3), { new_newsletter: true }, OTHER_USER)
        },
      },
    ),
    differs: { 'contacts/other-writers': 'warning' },
    says: '1 of 24 rows were written in the last 30 days by an application named after Didomi',
    exit: 0,
  },
  'a native integration that still writes consents': {
    ...consents(
      {},
      {
        environment: (emulated) => {
          emulated.seed({
            applications: [{ appId: OTHER_APP, userId: OTHER_USER }],
            rows: {
              msdynmkt_contactpointconsent4s: [
                {
                  msdynmkt_contactpointvalue: emulated.row('contacts', id(3))?.['emailaddress1'],
                  msdynmkt_purposeid: COMMERCIAL_PURPOSE_ID,
                  modifiedby: OTHER_USER,
                },
              ],
            },
          })
          emulated.edit('systemusers', OTHER_USER, { fullname: '# Didomi integration' })
        },
      },
    ),
    differs: { 'consents/other-writers': 'warning' },
    says: '1 of 1 row were written in the last 30 days by an application named after Didomi',
    exit: 0,
  },
}

const withLocation = (settings: Settings, directory: string): Settings => ({
  ...settings,
  source: { ...settings.source, location: { kind: 'directory', directory } },
})

/** Whoever needs what failed is skipped, which is no difference of its own. */
const withoutSkipped = (found: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(found).filter(([, status]) => status !== 'skipped'))

describe('what is planted is found, and nothing else', () => {
  it.each(
    Object.entries({
      ...STORE_CASES,
      ...SOURCE_CASES,
      ...ACCESS_CASES,
      ...TABLE_CASES,
      ...SECURITY_CASES,
      ...MAPPING_CASES,
      ...PURPOSE_CASES,
      ...CONTACT_CASES,
    }),
  )('%s', async (_, { differs, says, exit, ...spoilt }) => {
    const report = await ask(world, spoilt)
    const found = differences(report, healthy)
    expect(Object.values(differs).includes('skipped') ? found : withoutSkipped(found)).toEqual(differs)
    const [first = ''] = Object.keys(differs)
    expect(saidBy(report, first)).toMatch(says)
    expect(report.exitCode).toBe(exit)
  })
})
