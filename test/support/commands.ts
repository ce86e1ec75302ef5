/** Commands as somebody types them, in a folder of their choice. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of the shell to its end. */
export async function runShell(command: string, cwd: string, env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const child = spawn('bash', ['-euc', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  const [code] = await once(child, 'close')
  return { code, ...texts }
}

/** Starts a server that says in its first line where it is; `stop` ends it in order and answers its exit code. */
export async function startServer(
  command: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ url: string; stop(): Promise<number | null> }> {
  const child = spawn('bash', ['-euc', `exec ${command}`], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return {
    url: JSON.parse(line).url,
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      return code
    },
  }
}
