/** The name of the constraint that a statement failed on, or `null` for any other error. */
export function violatedConstraint (error: unknown): string | null {
  return error instanceof Error && 'constraint_name' in error ? String(error.constraint_name) : null
}
