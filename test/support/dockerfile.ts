/** The Dockerfile, and what of the repository a build sees. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DockerfileParser, type Instruction } from 'dockerfile-ast'
import { ModifiableInstruction } from 'dockerfile-ast/lib/modifiableInstruction.js'
import { ROOT } from './documents.ts'

/** A stage from its FROM on; the arguments of each instruction as written, without flags. */
export interface Stage {
  readonly name: string | undefined
  readonly base: string
  readonly steps: readonly Step[]
}

export interface Step {
  readonly keyword: string
  readonly args: readonly string[]
  /** `--from=build` → from: build. */
  readonly flags: ReadonlyMap<string, string>
  readonly text: string
}

export const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')

/** The stages in their order. */
export function stagesOf(text: string): Stage[] {
  const stages: Stage[] = []
  let steps: Step[] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const step = stepOf(instruction)
    if (step.keyword === 'FROM') {
      steps = []
      const [base = '', , name] = step.args
      stages.push({ base, name, steps })
    } else {
      steps.push(step)
    }
  }
  return stages
}

function stepOf(instruction: Instruction): Step {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : []
  return {
    keyword: instruction.getKeyword(),
    args: instruction.getArguments().map((argument) => argument.getValue()),
    flags: new Map(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
    text: instruction.getRawArgumentsContent() ?? '',
  }
}

/** The top-level names that `.dockerignore`, a list of what is let in, lets in. */
export function allowedInBuild(): string[] {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const [all, ...allowed] = lines
  if (all !== '*' || allowed.some((line) => !/^![\w.-]+$/.test(line)))
    throw new TypeError('.dockerignore is more than a list of what is let in')
  return allowed.map((line) => line.slice(1))
}
