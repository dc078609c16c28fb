/** The version of the configuration that this program reads and writes. A file of an older one is migrated (migrate.ts). */
export const currentVersion = 1;
