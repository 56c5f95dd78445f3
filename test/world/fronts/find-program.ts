import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { MissingProgram } from './front.ts'

const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/**
 * Absolute path of a program of the system.
 * @throws MissingProgram
 */
export function findProgram(name: string, debianPackage: string): string {
  const folders = [...(process.env.PATH ?? '').split(':'), ...MORE_FOLDERS]
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (!found) throw new MissingProgram(name, `the Debian package ${debianPackage}`)
  return found
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
