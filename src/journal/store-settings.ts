/** The settings of Redis that Pressbox checks. `user`: the rights of its user. */
export const checkedSettings = [
  'appendonly',
  'appendfsync',
  'no-appendfsync-on-rewrite',
  'maxmemory-policy',
  'save',
  'repl-diskless-sync',
  'rdb-del-sync-files',
  'user',
] as const;
export type CheckedSetting = (typeof checkedSettings)[number];

export const storeRoles = ['master', 'replica'] as const;

/** A setting of one server of the store that endangers acknowledged writes, or keeps erased texts. */
export interface UnsafeSetting {
  setting: CheckedSetting;
  role: (typeof storeRoles)[number];
  /** The line of the configuration file that fixes the setting. */
  line: string;
}
