/** Playing one case: its rows, its steps, what they show, and the traces they leave. */
import type { Answer, Caller } from './caller.ts'
import type { ConformanceCase, Expectation, Json, Step } from './case.ts'
import { check, errorOf } from './check.ts'
import { fill, MissingName, type Names, namesIn } from './placeholders.ts'
import { type CaseResult, resultOf } from './result.ts'
import type { Traces } from './traces.ts'

/** What a case is played with. */
export interface Stage {
  readonly caller: Caller
  /** The columns of the environment and whatever else is the same for every case. */
  readonly names: Names
  readonly traces: Traces
  /** The settings of switches that the environment is known to have; of a real one, none. */
  readonly settings: Readonly<Record<string, string>>
}

/** Plays a case whose needs are met. Never rejects: whatever goes wrong is a deviation. */
export async function play(stage: Stage, conformanceCase: ConformanceCase): Promise<CaseResult> {
  const names = new Map(stage.names)
  for (const [name, value] of stage.traces.forCase(namesIn(conformanceCase), conformanceCase.given.length)) {
    names.set(name, value)
  }
  try {
    return (
      (await prepare(stage, conformanceCase, names)) ??
      (await playSteps(stage, conformanceCase, names)) ??
      resultOf(conformanceCase, 'pass')
    )
  } catch (error) {
    return resultOf(conformanceCase, 'deviates', reasonOf(error))
  } finally {
    for (const request of conformanceCase.after) {
      try {
        await stage.caller.send(fill(request, names))
      } catch {
        // What a step did cannot be taken back: the cases after this one will tell.
      }
    }
  }
}

/** The kind of an error, never its text: that may hold a URL with values. */
function reasonOf(error: unknown): string {
  if (error instanceof MissingName) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return `no answer: ${code === '' ? (error instanceof Error ? error.name : typeof error) : code}`
}

async function prepare(
  stage: Stage,
  conformanceCase: ConformanceCase,
  names: Map<string, string>,
): Promise<CaseResult | undefined> {
  for (const [index, columns] of conformanceCase.given.entries()) {
    const number = index + 1
    const key = names.get('key')
    const body: Record<string, Json> = { contactid: `{id${number}}`, lastname: '{p}' }
    if (key !== undefined && key !== '') body[key] = `{key${number}}`
    const request = {
      method: 'POST',
      path: 'contacts?$select=contactid',
      headers: { Prefer: 'return=representation' },
      body: { ...body, ...columns },
    }
    const answer = await stage.caller.send(fill(request, names))
    if (answer.status !== 201) {
      const found = `${answer.status} ${errorOf(answer.json)?.code ?? ''}`.trim()
      return resultOf(conformanceCase, 'deviates', `a row of the fixture could not be made: ${found}`)
    }
    names.set(`etag${number}`, String((answer.json as Record<string, unknown>)['@odata.etag']))
  }
  return undefined
}

async function playSteps(
  stage: Stage,
  conformanceCase: ConformanceCase,
  names: Map<string, string>,
): Promise<CaseResult | undefined> {
  let observed: CaseResult | undefined
  for (const [index, step] of conformanceCase.steps.entries()) {
    const answer = await stage.caller.send(fill(step.request, names))
    stage.traces.note(answer)
    const at = conformanceCase.steps.length === 1 ? '' : `step ${index + 1}, `
    if (step.either === undefined) {
      const wrong = check(answer, fill(step.expect ?? {}, names))
      if (wrong !== undefined) {
        return resultOf(
          conformanceCase,
          'deviates',
          `${at}${wrong.at}: expected ${wrong.expected}, found ${wrong.found}`,
        )
      }
    } else {
      observed = observe(stage, conformanceCase, fill(step.either, names), answer)
      if (observed?.verdict === 'deviates') return observed
    }
    for (const [name, path] of Object.entries(step.keep ?? {})) keep(names, name, path, answer)
  }
  return observed
}

/** An unknown is judged only where the environment's setting is known; else what was seen is told. */
function observe(
  stage: Stage,
  conformanceCase: ConformanceCase,
  either: NonNullable<Step['either']>,
  answer: Answer,
): CaseResult {
  const found = `${answer.status} ${errorOf(answer.json)?.code ?? ''}`.trim()
  const setting = stage.settings[conformanceCase.switch ?? '']
  if (setting === undefined) {
    const fitting = Object.entries(either).find(([, expectation]) => check(answer, expectation) === undefined)
    const name = conformanceCase.switch === undefined ? '' : `${conformanceCase.switch} = `
    return resultOf(
      conformanceCase,
      'observed',
      `${name}${fitting?.[0] ?? 'none of those thought possible'} (${found})`,
    )
  }
  const expectation: Expectation | undefined = either[setting]
  if (expectation === undefined) return resultOf(conformanceCase, 'deviates', `no answer is foreseen for ${setting}`)
  const wrong = check(answer, expectation)
  return wrong === undefined
    ? resultOf(conformanceCase, 'pass', setting)
    : resultOf(conformanceCase, 'deviates', `${setting}, ${wrong.at}: expected ${wrong.expected}, found ${wrong.found}`)
}

function keep(names: Map<string, string>, name: string, path: string, answer: Answer): void {
  const [origin = '', ...rest] = path.split(':')
  const inner = rest.join(':')
  const value =
    origin === 'header'
      ? answer.headers.get(inner.toLowerCase())
      : inner
          .split('/')
          .reduce<unknown>((held, step) => (held as Record<string, unknown> | undefined)?.[step], answer.json)
  if (value !== undefined && value !== null) names.set(name, String(value))
}
