/**
 * The person's id of an OUID: the first 16 bytes of its SHA-256 (FIPS 180-4), as `consent/person-id.ts` has it of Node.
 * Millions of lines ask for one: a call out of here and back costs several times what the hash does. Only OUIDs that
 * fill one block at most, as nearly all do, are hashed here.
 */

/** Longer OUIDs leave no room in the block for its ending: a bit and the length. */
export const LONGEST_OUID: i32 = 55

const BLOCK_BYTES: i32 = 64
const ROUNDS: i32 = 64

// biome-ignore format: as in the standard, eight in a row
const constants = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])
const block = memory.data(BLOCK_BYTES, 16)
const schedule = memory.data(4 * ROUNDS, 16)

/** Writes the 16 bytes of the person whose OUID, of `LONGEST_OUID` bytes at most, stands in this range. */
export function putPerson(to: i32, start: i32, length: i32): void {
  fillBlock(start, length)
  fillSchedule()
  let a: u32 = 0x6a09e667
  let b: u32 = 0xbb67ae85
  let c: u32 = 0x3c6ef372
  let d: u32 = 0xa54ff53a
  let e: u32 = 0x510e527f
  let f: u32 = 0x9b05688c
  let g: u32 = 0x1f83d9ab
  let h: u32 = 0x5be0cd19
  for (let round = 0; round < 4 * ROUNDS; round += 4) {
    const sum1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = h + sum1 + choice + load<u32>(<i32>constants + round) + load<u32>(<i32>schedule + round)
    const sum0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = d + first
    d = c
    c = b
    b = a
    a = first + sum0 + majority
  }
  store<u32>(to, bswap<u32>(a + 0x6a09e667))
  store<u32>(to, bswap<u32>(b + 0xbb67ae85), 4)
  store<u32>(to, bswap<u32>(c + 0x3c6ef372), 8)
  store<u32>(to, bswap<u32>(d + 0xa54ff53a), 12)
}

/** The text, a bit, and at the end how many bits it had. */
function fillBlock(start: i32, length: i32): void {
  const place = <i32>block
  memory.copy(place, start, length)
  memory.fill(place + length, 0, BLOCK_BYTES - length)
  store<u8>(place + length, 0x80)
  store<u32>(place + BLOCK_BYTES - 4, bswap<u32>((<u32>length) << 3))
}

function fillSchedule(): void {
  const words = <i32>schedule
  for (let at = 0; at < BLOCK_BYTES; at += 4) store<u32>(words + at, bswap<u32>(load<u32>(<i32>block + at)))
  for (let at = BLOCK_BYTES; at < 4 * ROUNDS; at += 4) {
    const early = load<u32>(words + at - 60)
    const late = load<u32>(words + at - 8)
    const sigma0 = rotr<u32>(early, 7) ^ rotr<u32>(early, 18) ^ (early >> 3)
    const sigma1 = rotr<u32>(late, 17) ^ rotr<u32>(late, 19) ^ (late >> 10)
    store<u32>(words + at, load<u32>(words + at - 64) + sigma0 + load<u32>(words + at - 28) + sigma1)
  }
}
