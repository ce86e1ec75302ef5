/** Texts that try to be syntax: each is somebody's identifier or address and must stay one. */

/** Texts that would end a string, a filter, a URL, a header, a batch part or a key, if anything took them for syntax. */
export const HOSTILE = {
  apostrophe: "o'brien@example.com",
  plus: 'ada+tag@example.com',
  slash: 'a/b@example.com',
  hash: 'a#b@example.com',
  percent: '100%@example.com',
  ampersand: 'a&b=c@example.com',
  question: 'a?b@example.com',
  star: '*@example.com',
  lineEnds: 'a\r\nX-Injected: yes\r\n\r\nb@example.com',
  boundary: '--batch_x--\r\nContent-Type: application/http\r\n\r\nDELETE /contacts HTTP/1.1\r\n\r\n@example.com',
  emoji: '👩‍🚀🇫🇷@example.com',
  otherEmoji: '👩‍🚒🇫🇷@example.com',
  orOne: "' or 1 eq 1 or '@example.com",
  closing: '\']"&@p3=@example.com',
  parameter: "@p1='contactid'@example.com",
  encodedQuote: '%27 or 1 eq 1@example.com',
  doubleEncoded: '%2527@example.com',
  backslash: 'a\\b\\\\"c@example.com',
  quote: '"quoted"@example.com',
  wildcard: '%_[a-z]@example.com',
  comma: 'a,b;c@example.com',
  proto: '__proto__',
  protoAddress: '__proto__@example.com',
  constructorName: 'constructor',
  parenthesis: ')/$links@example.com',
  semicolon: "'; DROP TABLE contact;--@example.com",
  tab: 'a\tb@example.com',
  lineSeparator: 'a\u2028b@example.com',
  bidi: 'a\u202Eb@example.com',
  zeroWidth: 'a\u200Bb@example.com',
  null: 'null',
  guid: '00000000-0000-4000-8000-000000000001',
  dollar: "$filter=contains(fullname,'x')@example.com",
  json: '{"$ref":"contacts"}@example.com',
  long: `${'l'.repeat(388)}@example.com`,
} as const

export const NAMES = Object.keys(HOSTILE) as readonly (keyof typeof HOSTILE)[]

/** Every id of purpose, preference and value that a mapping can name: no blanks, no angle brackets. */
export const HOSTILE_ID = 'p_\'/+#%&?*]"&@p3=%27\\😀__proto__'
