/**
 * A server with Dataverse's limits on a virtual clock, as documented and where that is silent as harsh as seems likely:
 * per user and web server a sliding window of requests and of execution seconds (charged on completion), requests at once,
 * and a lock-out that grows while it is pushed. It shares nothing with the product, nor with the emulator.
 */

/**
 * @typedef {object} ServerSettings
 * @property {number} servers web servers; requests reach them in turn
 * @property {number} windowS
 * @property {number} requests per window, user and server
 * @property {number} seconds of execution per window, user and server
 * @property {number} atOnce
 * @property {number} baseS of every request
 * @property {number} rowS
 * @property {number} jitter sigma of a lognormal factor
 * @property {number} slowsAbove requests at work per server above which each takes proportionally longer; Infinity: never
 * @property {boolean} limits whether limits are enforced; without them requests only queue
 */

/** @type {ServerSettings} */
export const DOCUMENTED = {
  servers: 1,
  windowS: 300,
  requests: 6_000,
  seconds: 1_200,
  atOnce: 52,
  baseS: 0.1,
  rowS: 0.002,
  jitter: 0.25,
  slowsAbove: Number.POSITIVE_INFINITY,
  limits: true,
}

/** Mulberry32: the same numbers for the same seed. @param {number} seed @returns {() => number} in [0, 1) */
export function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One user on one web server. */
class Account {
  /** @type {number[]} */
  arrivals = []
  /** @type {{ at: number, seconds: number }[]} */
  executions = []
  executed = 0
  atWork = 0
  lockedUntil = 0
  locked = ''

  /** @param {number} now @param {number} windowS */
  forget(now, windowS) {
    while (this.arrivals.length > 0 && this.arrivals[0] <= now - windowS) this.arrivals.shift()
    while (this.executions.length > 0 && this.executions[0].at <= now - windowS)
      this.executed -= this.executions.shift()?.seconds ?? 0
  }
}

/** The server: tell it when requests arrive, and it tells what comes of them. Times in seconds. */
export class Server {
  /** @type {ServerSettings} */
  settings
  #random
  #next = 0
  /** @type {Map<string, Account>} */
  #accounts = new Map()
  #atWork
  counters = { requests: 0, accepted: 0, refused: 0, executedS: 0 }

  /** @param {Partial<ServerSettings>} settings @param {number} seed */
  constructor(settings, seed) {
    this.settings = { ...DOCUMENTED, ...settings }
    this.#random = seeded(seed)
    this.#atWork = Array.from({ length: this.settings.servers }, () => 0)
  }

  /**
   * @param {string} user @param {number} rows @param {number} now
   * @param {number} [rowS] what each of these rows takes, where that is not the usual
   * @returns {{ kind: 'refused', limit: string, retryAfterS: number } | { kind: 'accepted', durationS: number, end: (now: number) => void }}
   */
  arrive(user, rows, now, rowS = this.settings.rowS) {
    const server = this.#next++ % this.settings.servers
    const account = this.#account(user, server)
    account.forget(now, this.settings.windowS)
    this.counters.requests += 1
    const limit = this.settings.limits ? this.#limitOf(account, now) : ''
    if (limit !== '') return this.#refuse(account, limit, now)
    account.arrivals.push(now)
    account.atWork += 1
    this.#atWork[server] += 1
    const slow = Math.max(1, this.#atWork[server] / this.settings.slowsAbove)
    const durationS = (this.settings.baseS + rows * rowS) * this.#jitter() * slow
    const end = (/** @type {number} */ at) => {
      account.atWork -= 1
      this.#atWork[server] -= 1
      account.executions.push({ at, seconds: durationS })
      account.executed += durationS
      this.counters.accepted += 1
      this.counters.executedS += durationS
    }
    return { kind: 'accepted', durationS, end }
  }

  /** How long nobody is let in, if nobody asks. @param {number} now */
  fullForS(now) {
    const waits = [...this.#accounts.values()].map((account) => {
      account.forget(now, this.settings.windowS)
      const limit = this.#windowLimit(account)
      // A lock-out of before may end while more is in the window than is allowed since.
      return Math.max(0, account.lockedUntil - now, limit === '' ? 0 : this.#freeIn(account, limit, now))
    })
    return Math.min(...waits)
  }

  /** @param {Account} account @param {number} now */
  #limitOf(account, now) {
    if (now < account.lockedUntil) return account.locked
    return account.atWork >= this.settings.atOnce ? 'concurrency' : this.#windowLimit(account)
  }

  /** @param {Account} account */
  #windowLimit(account) {
    const { requests, seconds } = this.settings
    if (account.arrivals.length >= requests) return 'requests'
    return account.executed >= seconds ? 'execution-time' : ''
  }

  /** @param {Account} account @param {string} limit @param {number} now @returns {{ kind: 'refused', limit: string, retryAfterS: number }} */
  #refuse(account, limit, now) {
    this.counters.refused += 1
    if (now < account.lockedUntil) account.lockedUntil += 1
    else if (limit !== 'concurrency') account.lockedUntil = now + Math.ceil(this.#freeIn(account, limit, now))
    account.locked = limit
    const retryAfterS = limit === 'concurrency' ? 1 : Math.max(1, Math.ceil(account.lockedUntil - now))
    return { kind: 'refused', limit, retryAfterS }
  }

  /** @param {Account} account @param {string} limit @param {number} now */
  #freeIn(account, limit, now) {
    const { windowS, requests, seconds } = this.settings
    if (limit === 'requests') {
      const over = account.arrivals[account.arrivals.length - requests] ?? now
      return over + windowS - now
    }
    let executed = account.executed
    for (const execution of account.executions) {
      executed -= execution.seconds
      if (executed < seconds) return execution.at + windowS - now
    }
    return windowS
  }

  /** @param {string} user @param {number} server */
  #account(user, server) {
    const name = `${user}/${server}`
    const account = this.#accounts.get(name) ?? new Account()
    this.#accounts.set(name, account)
    return account
  }

  #jitter() {
    const { jitter } = this.settings
    if (jitter === 0) return 1
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random())
    // A mean of one: jitter must not change what is possible.
    return Math.exp(jitter * normal - (jitter * jitter) / 2)
  }
}
