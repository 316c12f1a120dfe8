import { createDeletion, type DeletionNeeds } from './deletion.js'
import { createExport, type ExportNeeds } from './export.js'

export type { PersonalDataExport, StoredMail, StoredSession } from './export.js'

/** What people may ask for by law: a copy of their data, and its deletion. */
export function createPersonalData (needs: ExportNeeds & DeletionNeeds) {
  return { ...createExport(needs), ...createDeletion(needs) }
}
