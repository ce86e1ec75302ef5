/**
 * Loaded before the program (`node --import`): ends its process by SIGKILL at the nth transaction of the store, just
 * before or just after the commit. `KILL_AT` is `before:N` or `after:N`; `count` only tells on stderr how many there were.
 */

import Database from 'libsql'

const [side, number] = (process.env.KILL_AT ?? '').split(':')
const exec = Database.prototype.exec
let commits = 0

Database.prototype.exec = function (sql) {
  if (sql !== 'COMMIT') return exec.call(this, sql)
  commits += 1
  if (commits === Number(number) && side === 'before') process.kill(process.pid, 'SIGKILL')
  const answer = exec.call(this, sql)
  if (commits === Number(number)) process.kill(process.pid, 'SIGKILL')
  return answer
}

if (side === 'count') process.on('exit', () => process.stderr.write(`commits ${commits}\n`))
