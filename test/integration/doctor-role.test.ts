/** The role with the least that works: made once, filled up, or printed for others; it is what README lists, and it suffices. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RoleRequest, role } from '../../jobs/role.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { OpenDataverse } from '../../src/dataverse/open.ts'
import { printedRole, printedText } from '../../src/doctor/role.ts'
import { DEFAULT_BUSINESS_UNIT_ID, SECOND_BUSINESS_UNIT_ID } from '../../src/emulator/seed-ids.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import { roleText } from '../../src/report/role-report.ts'
import { openTarget } from '../../src/wire.ts'
import { settingsOf, type TargetDraft } from '../support/deliver-settings.ts'
import { codeSpansIn, tableIn } from '../support/documents.ts'
import { type Caller, openCaller } from './emulator-caller.ts'

const NAME = "Writer of the night's consent"
const CONSENTS: TargetDraft = {
  name: 'consents',
  type: 'microsoft-dynamics-cpc',
  mappings: [
    { id: 'purpose:10000000-0000-0000-0000-000000000003', value: 'news' },
    { id: 'topic:0f000000-0000-4000-8000-000000000001', value: 'sports' },
  ],
}
const COLUMNS: TargetDraft = {
  name: 'columns',
  type: 'microsoft-dynamics',
  mappings: [{ id: 'donotphone', value: 'phone' }],
}

let caller: Caller
let folder: string
let settings: Settings
let opened: OpenDataverse[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-role-'))
  caller = await openCaller()
  settings = await settingsOf({ targets: [CONSENTS, COLUMNS] }, caller.emulator.url, folder)
  opened = settings.targets.map((target) =>
    openTarget(target, { log: silentLog, progress: noProgress, version: 'test' }),
  )
})
afterEach(async () => {
  expect(caller.emulator.world.counters().notUnderstood).toBe(0)
  for (const each of opened) await each.close()
  await caller.emulator.close()
  await rm(folder, { recursive: true })
})

const { signal } = new AbortController()
const ask = (create: boolean, more: Partial<RoleRequest> = {}) =>
  role(
    ({ name }) => opened[settings.targets.findIndex((target) => target.name === name)] as OpenDataverse,
    { name: NAME, create, targets: settings.targets, ...more },
    signal,
  )
/** The rows of roles and their privileges: name and unit of the role → names at their depth masks. */
function rolesThere(): Map<string, Map<string, number>> {
  const { world } = caller.emulator
  const names = new Map(world.rows('privileges').map((row) => [row['privilegeid'], String(row['name'])]))
  const given = world.rows('roleprivilegescollection')
  return new Map(
    world
      .rows('roles')
      .map(({ roleid, name, businessunitid: unit }) => [
        `${String(name)} ${String(unit)}`,
        new Map(
          given
            .filter((row) => row['roleid'] === roleid)
            .map((row) => [names.get(row['privilegeid']) ?? '', Number(row['privilegedepthmask'])]),
        ),
      ]),
  )
}
const ours = () => rolesThere().get(`${NAME} ${DEFAULT_BUSINESS_UNIT_ID}`)
/** What README lists, from both modes or one. */
function listed(...modes: string[]): string[] {
  const table = new Map(
    tableIn('README.md', 'privileges').map(([name = '', cell = '']) => [name.replace(/ \(.*/, ''), cell]),
  )
  return [...new Set(codeSpansIn(['both', ...modes].map((mode) => table.get(mode)).join(' ')))].sort()
}

describe('doctor role', () => {
  it('by itself only looks, and says what there is to do (exit 6)', async () => {
    caller.emulator.world.resetCounters()
    const report = await ask(false)
    expect(report.exitCode).toBe(6)
    expect(report.targets.map(({ role: stands, lacked }) => [stands, lacked.length > 0, lacked])).toEqual(
      report.targets.map(({ needed }) => ['missing', true, needed]),
    )
    expect(caller.emulator.world.counters().writeRequests).toBe(0)
    expect(ours()).toBeUndefined()
    expect(roleText(report)).toContain('Nothing was written')
  })

  it('--create makes it in the root business unit with exactly what README lists, for the organization', async () => {
    const report = await ask(true)
    expect(report.targets.map(({ role: stands }) => stands)).toEqual(['created', 'exists'])
    expect(report.exitCode).toBe(0)
    const held = ours() ?? new Map()
    expect([...held.keys()].sort()).toEqual(listed('contact point consents', 'contact columns'))
    expect(new Set(held.values())).toEqual(new Set([8]))
    for (const { target, needed } of report.targets) {
      const mode = target === 'consents' ? 'contact point consents' : 'contact columns'
      expect(needed).toEqual(listed(mode))
    }
  })

  it('--create again writes nothing; what was taken away or narrowed is put back, what others added stays', async () => {
    await ask(true)
    caller.emulator.world.resetCounters()
    expect(await ask(true)).toMatchObject({ exitCode: 0, targets: [{ lacked: [] }, { lacked: [] }] })
    expect(await ask(false)).toMatchObject({ exitCode: 0 })
    expect(caller.emulator.world.counters().writeRequests).toBe(0)

    const { json } = await caller.get(
      `roles?$select=roleid&$filter=${encodeURIComponent(`name eq '${NAME.replace("'", "''")}'`)}`,
    )
    const [{ roleid }] = json.value
    const idOf = async (name: string) =>
      (await caller.get(`privileges?$filter=${encodeURIComponent(`name eq '${name}'`)}`)).json.value[0].privilegeid
    const more = [
      { PrivilegeId: await idOf('prvReadContact'), Depth: 'Basic' },
      { PrivilegeId: await idOf('prvReadAccount'), Depth: 'Global' },
    ]
    await caller.post(`roles(${roleid})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges: more })
    const [consents] = (await ask(true)).targets
    expect(consents).toMatchObject({ role: 'exists', lacked: ['prvReadContact'] })
    expect(consents?.beyond).toContain('prvReadAccount')
    expect([ours()?.get('prvReadContact'), ours()?.get('prvReadAccount')]).toEqual([8, 8])
  })

  it('a role of the same name in a business unit below is not taken for it', async () => {
    const bind = { 'businessunitid@odata.bind': `/businessunits(${SECOND_BUSINESS_UNIT_ID})` }
    await caller.post('roles', { name: NAME, ...bind })
    expect((await ask(true)).targets[0]?.role).toBe('created')
    expect(rolesThere().get(`${NAME} ${SECOND_BUSINESS_UNIT_ID}`)?.size).toBe(0)
  })

  it('who may not make roles is told which privilege is missing; nothing is left behind', async () => {
    await caller.control('POST', 'seed', { withoutPrivileges: ['prvCreateRole'] })
    await expect(ask(true)).rejects.toThrow(/^forbidden: .*prvCreateRole/)
    expect(ours()).toBeUndefined()
  })

  it('a privilege that the environment does not have is named before anything is made', async () => {
    const { world } = caller.emulator
    const row = world.rows('privileges').find(({ name }) => name === 'prvReadmsdynmkt_topic')
    await caller.send('DELETE', `privileges(${String(row?.['privilegeid'])})`)
    await expect(ask(true)).rejects.toThrow(/^dataverse-rejects-request: .*no prvReadmsdynmkt_topic/)
    expect(ours()).toBeUndefined()
  })
})

describe('--print', () => {
  /** Somebody else sends what is printed, in the order and by the rules that are printed with it. */
  async function sendPrinted(target: Settings['targets'][number]): Promise<void> {
    const known = new Map<string, string>()
    const filled = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => known.get(name) ?? whole)
    for (const { method, path, body, gives, unless } of printedRole(target, NAME)) {
      if (unless !== undefined && known.has(unless)) continue
      const answer = await caller.send(method, filled(path), body && JSON.parse(filled(JSON.stringify(body))))
      expect(answer.status).toBeLessThan(300)
      const [, name = '', property = ''] = /^(\w+) = value\[0\]\.(\w+)$/.exec(gives ?? '') ?? []
      const found = answer.json?.value?.[0]?.[property]
      if (name !== '' && found !== undefined) known.set(name, found)
      if (gives?.includes('OData-EntityId'))
        known.set('role', /\(([\w-]+)\)$/.exec(answer.headers.get('odata-entityid') ?? '')?.[1] ?? '')
      if (gives?.startsWith('{name} = privilegeid'))
        for (const each of answer.json.value) known.set(each.name, each.privilegeid)
    }
  }

  it('shows calls that make the same role, once or twice', async () => {
    for (const target of [...settings.targets, ...settings.targets]) await sendPrinted(target)
    const held = ours() ?? new Map()
    expect([...held.keys()].sort()).toEqual(listed('contact point consents', 'contact columns'))
    expect([...rolesThere().keys()].filter((name) => name.startsWith(NAME))).toHaveLength(1)
    expect(await ask(false)).toMatchObject({ exitCode: 0 })
  })

  it('as text each call stands with its method, address and body', () => {
    for (const target of settings.targets) {
      const calls = printedRole(target, NAME)
      const text = printedText(calls, 'https://acme.crm4.dynamics.com/api/data/v9.2')
      for (const { method, path } of calls)
        expect(text).toContain(`${method} https://acme.crm4.dynamics.com/api/data/v9.2/${path}\n`.trimEnd())
      expect(text.match(/"Depth": "Global"/g)).toHaveLength(listed().length + (target.name === 'consents' ? 9 : 1))
    }
  })
})
