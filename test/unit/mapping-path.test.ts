/** The grammar of a `value` path (semantics §4, the table). */

import { describe, expect, it } from 'vitest'

import { isPath, pathReadings } from '../../src/mapping/path.ts'
import { readingForm, readingText } from '../../src/mapping/reading.ts'

const texts = (path: string) => pathReadings(path).map(readingText)

describe('§4 every row of the table', () => {
  it.each([
    ['consents_purposes_news_enabled', 'consents__purposes__news__enabled', 'purpose/news', 'choice'],
    ['consents_purposes_news_enabled_li', 'consents__purposes__news__enabled_li', 'purpose-li/news', 'choice'],
    [
      'consents_purposes_news_preferences_topics_enabled',
      'consents__purposes__news__preferences__topics__enabled',
      'preference/news/topics',
      'choice',
    ],
    [
      'consents_purposes_news_values_topics_value',
      'consents__purposes__news__values__topics__value',
      'set/news/topics',
      'set',
    ],
    [
      'consents_purposes_news_values_topics_daily',
      'consents__purposes__news__values__topics__daily',
      'value/news/topics/daily',
      'choice',
    ],
    ['consents_preferences_topics_enabled', 'consents__preferences__topics__enabled', 'preference/*/topics', 'choice'],
    ['consents_preferences_topics_value', 'consents__preferences__topics__value', 'set/*/topics', 'set'],
    ['consents_channels_sms_enabled', 'consents__channels__sms__enabled', 'channel/sms', 'choice'],
    [
      'consents_purposes_news_channels_sms_enabled',
      'consents__purposes__news__channels__sms__enabled',
      'channel/news/sms',
      'choice',
    ],
    ['user_organization_user_id', 'user__organization_user_id', 'attribute/organization_user_id', 'attribute'],
    ['user_country', 'user__country', 'attribute/country', 'attribute'],
    ['user_updated_at', 'user__updated_at', 'attribute/updated_at', 'attribute'],
    ['user_metadata_first_name', 'user__metadata__first_name', 'attribute/metadata/first_name', 'attribute'],
  ])('%s, also written %s', (path, separated, text, form) => {
    for (const written of [path, separated]) {
      expect(isPath(written)).toBe(true)
      const reading = pathReadings(written).find((one) => readingText(one) === text)
      expect(reading && readingForm(reading)).toBe(form)
    }
  })

  it('a v2 set and a v2 value are told apart by the known ids alone', () => {
    expect(texts('consents_purposes_p_values_f_value')).toEqual(['set/p/f', 'value/p/f/value'])
  })
})

describe('§4 ids may contain "_"', () => {
  it('so a path is split in every way', () => {
    expect(texts('consents_purposes_a_b_enabled')).toEqual(['purpose/a_b'])
    expect(texts('consents_purposes_p_values_a_b_c')).toEqual(['value/p/a/b_c', 'value/p/a_b/c'])
    expect(texts('consents_purposes_a_values_b_values_c_d')).toEqual([
      'value/a/b/values_c_d',
      'value/a/b_values/c_d',
      'value/a/b_values_c/d',
      'value/a_values_b/c/d',
    ])
    expect(texts('consents_purposes_a_preferences_b_preferences_c_enabled')).toEqual([
      'purpose/a_preferences_b_preferences_c',
      'preference/a/b_preferences_c',
      'preference/a_preferences_b/c',
    ])
    expect(texts('consents_purposes_a_channels_b_channels_c_enabled')).toEqual([
      'purpose/a_channels_b_channels_c',
      'channel/a/b_channels_c',
      'channel/a_channels_b/c',
    ])
    expect(texts('consents_purposes_p_enabled_li_enabled')).toEqual(['purpose/p_enabled_li'])
    expect(texts('consents_purposes__p_enabled')).toEqual(['purpose/_p'])
  })

  it('"__" is a separator too, and leaves "_" to the ids', () => {
    expect(texts('consents__purposes__a_b__values__c_d__e_f')).toEqual(['value/a_b/c_d/e_f'])
    expect(texts('consents__purposes__a_preferences_b__enabled')).toEqual(['purpose/a_preferences_b'])
    expect(texts('user__metadata__a_b')).toEqual(['attribute/metadata/a_b'])
    expect(texts('user_metadata__x')).toEqual(['attribute/metadata/_x'])
    expect(texts('user_metadata_consents__x')).toEqual(['attribute/metadata/consents__x'])
  })

  it('a separator may overlap itself', () => {
    expect(texts('consents_purposes_p_values_a___')).toEqual(['value/p/a/__', 'value/p/a_/_'])
  })
})

describe('§4 what is no path of the grammar', () => {
  it.each([
    'consents_',
    'consents_purposes_',
    'consents_purposes_enabled',
    'consents_purposes__enabled',
    'consents_purposes_p',
    'consents_purposes_p_enabledx',
    'consents_purposes_p_values_f',
    'consents_purposes_p_values_f_',
    'consents_channels_enabled',
    'consents_channels__enabled',
    'consents_channels_c_value',
    'consents_preferences_enabled',
    'consents_vendors_v_enabled',
    'user_',
    'user_id',
    'user_metadata_',
    'user_countryx',
    'xuser_country',
    'consents__purposes_p__enabled',
    'channels_c_enabled',
    'consents_x_channels_c_enabled',
    'consents_x_preferences_c_enabled',
    'consents_x_purposes_c_enabled',
  ])('%s', (path) => {
    expect(texts(path)).toEqual([])
  })

  it('bare ids are no paths', () => {
    expect(['topics', 'userx_country', 'my_consents_p', 'x_user_country', ''].map(isPath)).toEqual(Array(5).fill(false))
    expect(['user_', 'consents_x'].map(isPath)).toEqual([true, true])
  })
})
