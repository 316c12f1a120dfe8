import type { Settings } from '../../src/config/settings.js'

/** Settings that differ from those a test server has, group by group. */
export type Overrides = { [Group in keyof Settings]?: Settings[Group] extends readonly unknown[] ? Settings[Group]
  : Settings[Group] extends object ? Partial<Settings[Group]> : Settings[Group] }

/** The variables that make another process use the same database. */
export function environmentOf ({ database, secrets }: Settings): Record<string, string | undefined> {
  return { DATABASE_URL: database.url, KEYTURN_SECRET: secrets.current }
}

/** The settings with some replaced; lists are replaced whole. */
export function withOverrides (settings: Settings, overrides: Overrides = {}): Settings {
  const groups = Object.entries(overrides).map(([name, value]) => {
    const group = settings[name as keyof Settings]
    const isGroup = typeof value === 'object' && !Array.isArray(value)
    return [name, isGroup ? { ...group as object, ...value } : value]
  })
  return { ...settings, ...Object.fromEntries(groups) as Partial<Settings> }
}
