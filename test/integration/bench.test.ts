/** The ingest benchmark runs, measures what it says, and its candidates agree; how fast they are is not tested here. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const BENCHMARK = fileURLToPath(new URL('../../bench/ingest.mjs', import.meta.url))
const GENERATOR = fileURLToPath(new URL('../../bench/generate.mjs', import.meta.url))
const SIZE = '0.01'
const REQUIRED = ['gunzip', 'naive', 'ours', 'ours-store']
const LIMIT_MS = 300_000

interface Results {
  readonly machine: Record<string, unknown>
  readonly sizes: readonly { size: number; lines: number; bytes: number }[]
  readonly measurements: readonly {
    size: number
    round: number
    candidate: string
    lines: number
    wallS: number
    cpuS: number
    peakMiB?: number
  }[]
  readonly goals: readonly { goal: string; verdict: string; median?: number; min?: number; max?: number }[]
  readonly check: { equal: boolean; digests: Record<string, { states: number; digest: string }> }
}

let data: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'didomi-dataverse-bench-'))
})

afterAll(() => rm(data, { recursive: true, force: true }))

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function run(program: string, ...args: readonly string[]) {
  const child = start(program, args)
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...texts }
}

/** The lines of an export by part, with their ends. */
async function linesOf(folder: string): Promise<Map<string, string[]>> {
  const names = await readdir(folder, { recursive: true })
  const parts = names.filter((name) => name.endsWith('.json.gz')).sort()
  return new Map(
    await Promise.all(
      parts.map(async (part): Promise<[string, string[]]> => {
        const text = gunzipSync(await readFile(join(folder, part))).toString('utf8')
        return [part, text.split(/(?<=\n)/)]
      }),
    ),
  )
}

const digestOf = (lines: Map<string, string[]>) =>
  createHash('sha256')
    .update(JSON.stringify([...lines]))
    .digest('hex')

describe('the ingest benchmark', () => {
  it(
    'measures every candidate on the same lines, and all of them come to the same states (§3)',
    async () => {
      const { code, stdout, stderr } = await run(
        BENCHMARK,
        ...['--sizes', SIZE, '--rounds', '1', '--data', data, '--check', '--json'],
      )
      expect(code, stderr).toBe(0)
      const results = JSON.parse(stdout) as Results

      expect(results.machine).toMatchObject({ node: process.versions.node, cores: expect.any(Number) })
      expect(results.sizes).toMatchObject([{ size: 0.01 }])
      const lines = results.sizes[0]?.lines ?? 0
      const held = [...(await linesOf(join(data, `${SIZE}x-seed-1`))).values()].flat().length
      expect(lines).toBe(held)

      const measured = results.measurements.map(({ candidate }) => candidate)
      expect(measured).toEqual(expect.arrayContaining(REQUIRED))
      expect(new Set(measured).size).toBe(measured.length)
      for (const { candidate, ...one } of results.measurements) {
        expect(one, candidate).toMatchObject({ size: 0.01, round: 1, lines })
        expect(one.wallS, candidate).toBeGreaterThan(0)
        expect(one.cpuS, candidate).toBeGreaterThan(0)
        if (REQUIRED.includes(candidate)) expect(one.peakMiB, candidate).toBeGreaterThan(10)
      }

      expect(results.check.equal).toBe(true)
      const ways = ['ours', 'ours --plain', 'ours --workers 1', 'ours --workers 3']
      expect(Object.keys(results.check.digests)).toEqual(['naive', ...ways, 'ours-store'])
      for (const digest of Object.values(results.check.digests)) {
        expect(digest).toEqual(results.check.digests['naive'])
        expect(digest).toEqual({ states: expect.any(Number), digest: expect.stringMatching(/^[0-9a-f]{16}$/) })
        expect(digest.states).toBeGreaterThan(1_000)
      }

      const verdicts = new Map(results.goals.map(({ goal, verdict }) => [goal, verdict]))
      expect(verdicts.get('speed of ours ÷ naive, 0.01x')).toMatch(/^(pass|fail)$/)
      expect(verdicts.get('time per line of ours, 0.01x ÷ 0.01x')).toBe('not measured')
      expect(await readdir(data)).toEqual([`${SIZE}x-seed-1`])
    },
    LIMIT_MS,
  )

  it(
    'ends when interrupted, and leaves no store behind',
    async () => {
      const child = start(BENCHMARK, ['--sizes', SIZE, '--rounds', '1000', '--data', data])
      const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
      let told = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        told += text
        // Once: a second signal would end it at once, without its cleaning.
        if (!child.killed && told.includes('round 1 of')) child.kill('SIGINT')
      })
      child.stdout?.resume()
      expect(await closed).toBe(130)
      expect(await readdir(data)).toEqual([`${SIZE}x-seed-1`])
    },
    LIMIT_MS,
  )

  it('refuses what it does not know', async () => {
    expect(await run(BENCHMARK, '--size', '1')).toMatchObject({ code: 2 })
    expect(await run(BENCHMARK, '--sizes', 'big')).toMatchObject({ code: 2 })
  })
})

describe('the generated export', () => {
  it(
    'is the same for the same seed, another for another, and is left alone once it is there',
    async () => {
      const folders = { one: join(data, 'one'), two: join(data, 'two'), other: join(data, 'other') }
      await run(GENERATOR, folders.one, '--size', SIZE)
      await run(GENERATOR, folders.two, '--size', SIZE)
      await run(GENERATOR, folders.other, '--size', SIZE, '--seed', '2')
      const digest = digestOf(await linesOf(folders.one))
      expect(digestOf(await linesOf(folders.two))).toBe(digest)
      expect(digestOf(await linesOf(folders.other))).not.toBe(digest)

      await rm(join(folders.one, 'data'), { recursive: true })
      expect(await run(GENERATOR, folders.one, '--size', SIZE)).toMatchObject({ code: 0 })
      expect(await readdir(folders.one)).toEqual(['manifest.json'])
    },
    LIMIT_MS,
  )

  it(
    'holds every trap in about one line of a hundred',
    async () => {
      const folder = join(data, 'traps')
      await run(GENERATOR, folder, '--size', '0.02')
      const parts = await linesOf(folder)
      const lines = [...parts.values()].flat()
      const share = (count: number) => count / lines.length
      const having = (pattern: RegExp) => share(lines.filter((line) => pattern.test(line)).length)
      const repeated = lines.length - new Set(lines).size

      const traps = {
        'events before user': having(/^\{"events"/),
        'members in another order': having(/"user":\{"consents"/),
        'no milliseconds': having(/"updated_at":"[^"]{19}Z","metadata/),
        'an offset': having(/"updated_at":"[^"]{23}\+00:00","metadata/),
        'nested names': having(/"previous":\{"id"/),
        'escaped quotes': having(/\\"events\\":\[/),
        'not ASCII': having(/山|\\u5c71/),
        'CRLF lines': having(/\r\n$/),
        guests: having(/"organization_user_id":null,"organization_user_id_type"/),
        'awaiting approval': having(/"pending_approval"/),
        'the same line again': share(repeated),
      }
      for (const [trap, found] of Object.entries(traps)) {
        expect(found, trap).toBeGreaterThan(0.004)
        expect(found, trap).toBeLessThan(0.03)
      }

      // A stale line stands in a part of a later day than the one it was made for.
      const stale = [...parts].flatMap(([part, ones]) => {
        const date = /date=([^/]*)/.exec(part)?.[1] ?? ''
        return ones.filter((line) => daysBefore(date, line) > 1)
      })
      expect(share(stale.length)).toBeGreaterThan(0.002)
      expect(share(stale.length)).toBeLessThan(0.02)
    },
    LIMIT_MS,
  )
})

/** Whole days from the day a line was last updated to a date; lines are normally of the day before. */
function daysBefore(date: string, line: string): number {
  const { user } = JSON.parse(line) as { user: { updated_at: string } }
  return (Date.parse(date) - Date.parse(user.updated_at.slice(0, 10))) / 86_400_000
}
