/** Loads the settings: one file, the integration documents it names and the secrets both refer to. */

import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { CodedError, type Complaint, complaintText, type ErrorCode } from '../lib/errors.ts'
import { buildFileSettings, buildTarget } from './build.ts'
import { type LoadedDocument, loadDocument } from './document-file.ts'
import { FILE_RULES } from './file-rules.ts'
import type { FileSubject } from './file-subject.ts'
import { issueComplaints, valueAt } from './issues.ts'
import { below, type Path, type Where } from './place.ts'
import { expandReferences, type Surroundings } from './references.ts'
import { TARGET_RULES } from './rules.ts'
import { settingsSchema } from './schema.ts'
import { REFERENCE } from './schema-parts.ts'
import type { Settings, TargetSettings } from './settings.ts'
import { parseSettingsText } from './settings-file.ts'
import { targetSchema } from './target-schema.ts'

/** The settings' surroundings. */
export interface LoadSurroundings extends Surroundings {
  /** What a relative path of the settings file starts from. */
  readonly cwd: string
  /** How many threads run at once; without it, as many as this machine has cores for us. */
  readonly cores?: number
}

/** Codes in the order in which one is chosen where several kinds of problems meet. */
const CODES = ['config-invalid', 'document-invalid', 'secret-missing'] as const satisfies readonly ErrorCode[]
type ProblemCode = (typeof CODES)[number]
type Problem = readonly [code: ProblemCode, complaint: Complaint]

/**
 * Reads and checks everything; relative paths start from the settings file's folder.
 *
 * @throws CodedError `config-invalid`, `document-invalid` or `secret-missing` with every problem of all three kinds.
 *   No complaint holds a value of the files, of the environment or of a secret.
 */
export async function loadSettings(path: string, surroundings: LoadSurroundings): Promise<Settings> {
  const file = resolve(surroundings.cwd, path)
  const folder = dirname(file)
  const { value: written, where } = parseSettingsText(await readText(file, path, surroundings), path)
  const { value, complaints } = await expandReferences(written, surroundings, folder, where)

  const problems: Problem[] = complaints.map((complaint) => ['secret-missing', complaint])
  problems.push(...schemaProblems(written, where), ...schemaProblems(value, where))
  problems.push(...fileRuleProblems(value, folder, where))
  const targets = await Promise.all(
    listAt(value, ['targets']).map((target, index) => {
      const before = valueAt(written, ['targets', index])
      return loadTarget(
        { written: before, value: target, where: below(where, ['targets', index]) },
        surroundings,
        folder,
      )
    }),
  )
  problems.push(...targets.flatMap((target) => target.problems))
  raise(problems)

  const settings = settingsSchema.parse(value)
  return {
    ...buildFileSettings(settings, folder, surroundings.cores ?? availableParallelism()),
    targets: targets.flatMap(({ settings: target }) => (target === undefined ? [] : [target])),
    warnings: [
      ...plainSecrets(written, where, [...FILE_SECRETS, ...notifySecrets(written)]).map(secretWarning),
      ...targets.flatMap(({ warnings }) => warnings),
    ],
  }
}

async function readText(file: string, path: string, { readFile }: Surroundings): Promise<string> {
  try {
    return await readFile(file)
  } catch {
    const remedy = 'Create it, or name another one.'
    throw new CodedError('config-invalid', [
      { where: path, found: 'no readable file', expected: 'the settings', remedy },
    ])
  }
}

function listAt(value: unknown, path: Path): readonly unknown[] {
  const list = valueAt(value, path)
  return Array.isArray(list) ? list : []
}

/** Issues of the schema, but for those about a document in place: `loadDocument` tells them better. */
function schemaProblems(value: unknown, where: Where): Problem[] {
  const issues = settingsSchema.safeParse(value).error?.issues ?? []
  const ours = issues.filter(({ path }) => {
    const inPlace = path.length >= 3 && path[0] === 'targets' && path[2] === 'integration'
    return !(inPlace && isObject(valueAt(value, path.slice(0, 3))))
  })
  return issueComplaints(ours, value, where).map((complaint) => ['config-invalid', complaint])
}

function fileRuleProblems(value: unknown, folder: string, where: Where): Problem[] {
  const { source, archive, report, didomi, retention, reverse, heartbeat, notify } = settingsSchema.shape
  const subject: FileSubject = {
    names: listAt(value, ['targets']).map((target) => valueAt(target, ['name'])),
    choices: source.shape.csv.safeParse(valueAt(value, ['source', 'csv'])).data?.choices ?? {},
    source: source.safeParse(valueAt(value, ['source'])).data,
    archive: archive.safeParse(valueAt(value, ['archive'])).data,
    report: report.safeParse(valueAt(value, ['report'])).data,
    didomi: didomi.safeParse(valueAt(value, ['didomi'])).data,
    retention: retention.safeParse(valueAt(value, ['retention'])).data,
    reverse: reverse.safeParse(valueAt(value, ['reverse'])).data,
    heartbeat: heartbeat.safeParse(valueAt(value, ['heartbeat'])).data,
    notify: notify.safeParse(valueAt(value, ['notify'])).data,
    folder,
    where,
  }
  return FILE_RULES.flatMap(({ check }) => check(subject)).map((complaint) => ['config-invalid', complaint])
}

interface TargetSource {
  readonly written: unknown
  readonly value: unknown
  readonly where: Where
}

interface LoadedTarget {
  readonly settings?: TargetSettings
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}

async function loadTarget(source: TargetSource, surroundings: Surroundings, folder: string): Promise<LoadedTarget> {
  const integration = {
    written: valueAt(source.written, ['integration']),
    value: valueAt(source.value, ['integration']),
  }
  const loaded = await loadDocument(
    { ...integration, where: below(source.where, ['integration']) },
    surroundings,
    folder,
  )
  const problems: Problem[] = [...loaded.problems]
  const { document } = loaded
  const target = targetSchema.safeParse(source.value)
  if (document === undefined || !target.success) return { problems, warnings: [] }

  const { env } = surroundings
  const subject = { target: target.data, document, env, where: source.where, documentWhere: loaded.where }
  const broken = TARGET_RULES.flatMap(({ check }) => check(subject))
  problems.push(...broken.map((complaint): Problem => ['config-invalid', complaint]))
  if (problems.length > 0) return { problems, warnings: [] }

  const warnings = [
    ...secretWarnings(source, loaded),
    ...loaded.repairs.map((repair) => `${loaded.where([])}: ${repair}`),
  ]
  const settings = buildTarget(target.data, document, loaded.repairs, {
    env,
    folder,
    warn: (warning) => warnings.push(warning),
  })
  return { settings, problems, warnings }
}

const FILE_SECRETS: readonly Path[] = [
  ['didomi', 'secret'],
  ['store', 'postgres', 'password'],
  ['reverse', 'webhook', 'secrets', 0],
  ['reverse', 'webhook', 'secrets', 1],
  ['heartbeat', 'url'],
]
const USER_SECRETS: readonly Path[] = [['clientSecret'], ['certificate', 'privateKey']]

/** Whoever knows the URL of a webhook may speak through it. */
function notifySecrets(written: unknown): Path[] {
  return listAt(written, ['notify']).map((_, index) => ['notify', index, 'url'])
}

/** The places of a target's secrets, of each application user where there is a list of them. */
function targetSecrets(target: unknown): Path[] {
  const users = valueAt(target, ['authentication'])
  const paths: Path[] = Array.isArray(users) ? users.map((_, index) => ['authentication', index]) : [['authentication']]
  return paths.flatMap((path) => USER_SECRETS.map((secret) => [...path, ...secret]))
}

function secretWarnings(
  { written, where }: TargetSource,
  { document, inlineSecret, where: inDocument }: LoadedDocument,
) {
  const places = plainSecrets(written, where, targetSecrets(written))
  if (inlineSecret) places.push(inDocument([...(document?.credentialsPath ?? []), 'client_secret']))
  return places.map(secretWarning)
}

/** The places at which a secret stands in the file. */
function plainSecrets(written: unknown, where: Where, paths: readonly Path[]): string[] {
  const plain = paths.filter((path) => {
    const value = valueAt(written, path)
    return typeof value === 'string' && !REFERENCE.test(value)
  })
  return plain.map((path) => where(path))
}

function secretWarning(place: string): string {
  return `${place}: a secret stands in the file; refer to it with \${env:NAME} or \${file:PATH}`
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws one error with all problems, each once. */
function raise(problems: readonly Problem[]): void {
  const code = CODES.find((candidate) => problems.some(([found]) => found === candidate))
  const unique = new Map(problems.map(([, complaint]) => [complaintText(complaint), complaint]))
  const [first, ...rest] = unique.values()
  if (code !== undefined && first !== undefined) throw new CodedError(code, [first, ...rest])
}
