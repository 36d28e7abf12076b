import { spawnSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { needs } from '../support/runner/machine.ts';
import { openDisturbance } from './disturb.ts';
import { type Fault, startWatched } from './scene.ts';

/** Faults of the disk of a server with the embedded journal. */

const compiler = () => (needs.compiler.find() === undefined ? needs.compiler.advice : undefined);
const mounts = () => (needs.namespaces.find() === undefined ? needs.namespaces.advice : undefined);

/** The size of the small disk. */
const diskBytes = 200 * 1024 * 1024;

/** A server on a small disk. `fill` writes until so much of the disk is used, or until it is full. */
async function startOnSmallDisk(room: AsyncDisposableStack) {
  const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-drill-'));
  room.defer(() => rm(dataDir, { recursive: true, force: true }));
  const mount = `mount -t tmpfs -o size=${diskBytes} tmpfs "$0" && exec "$@"`;
  const starter = ['unshare', '--mount', 'sh', '-c', mount, dataDir];
  const watched = await startWatched(room, { dataDir, starter });
  const fill = (bytes: number) =>
    writeFile(`/proc/${watched.server.pid}/root${dataDir}/all`, Buffer.alloc(bytes)).catch(() => undefined);
  return { watched, fill };
}

export const diskFaults: readonly Fault[] = [
  {
    name: 'disk-nearly-full',
    what: 'Less than a tenth of the disk is free.',
    metric: 'pressbox_disk_free_bytes',
    message: undefined,
    alert: 'PressboxDiskNearlyFull',
    missing: mounts,
    async start(room) {
      const { watched, fill } = await startOnSmallDisk(room);
      return { servers: [watched], strike: () => fill(0.93 * diskBytes) };
    },
  },
  {
    name: 'disk-full',
    what: 'The disk of the journal is full.',
    metric: 'pressbox_store_writable',
    message: 'the store accepts no writes',
    alert: 'PressboxStoreTakesNoWrites',
    missing: mounts,
    async start(room) {
      const { watched, fill } = await startOnSmallDisk(room);
      return { servers: [watched], strike: () => fill(2 * diskBytes) };
    },
  },
  {
    name: 'disk-slow',
    what: 'Each sync of the disk takes a second.',
    metric: 'pressbox_append_seconds',
    message: 'writes to the journal are slow',
    alert: 'PressboxWritesSlow',
    missing: compiler,
    async start(room) {
      const disturbance = room.use(await openDisturbance());
      const watched = await startWatched(room, { env: disturbance.env });
      return { servers: [watched], strike: () => disturbance.set({ syncMs: 1_000 }) };
    },
  },
  {
    name: 'disk-hangs',
    what: 'The disk hangs: a sync does not end.',
    metric: 'pressbox_store_reachable',
    message: 'the journal is unreachable',
    alert: 'PressboxStoreAway',
    missing: compiler,
    async start(room) {
      const disturbance = room.use(await openDisturbance());
      const watched = await startWatched(room, { env: disturbance.env });
      room.defer(() => disturbance.set({}));
      return { servers: [watched], strike: () => disturbance.set({ syncMs: 3_600_000 }) };
    },
  },
  {
    name: 'media-away',
    what: 'The directory of uploads is gone.',
    metric: 'pressbox_media_usable',
    message: 'the directory for uploads cannot be used',
    alert: 'PressboxMediaAway',
    missing: () => undefined,
    async start(room) {
      const watched = await startWatched(room);
      const folder = join(watched.server.dataDir, 'media');
      return { servers: [watched], strike: () => rename(folder, `${folder}-away`) };
    },
  },
  {
    name: 'journal-damaged',
    what: 'A page of the journal file is damaged.',
    metric: 'pressbox_store_reachable',
    message: 'the journal accepts no writes',
    alert: 'PressboxStoreAway',
    missing: () => undefined,
    async start(room) {
      const watched = await startWatched(room);
      return { servers: [watched], strike: () => damage(join(watched.server.dataDir, 'journal.db')) };
    },
  },
];

/** Overwrites the first page of the table of posts with zeros, and makes the server read the file again. */
function damage(file: string): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'postsById'").get() as { rootpage: number };
  // In another process, because closing the file in this one would end the locks of its connection.
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=4096', `seek=${rootpage - 1}`, 'count=1', 'conv=notrunc']);
  db.exec("INSERT INTO revoked (jti, until) VALUES ('somebody', NULL)");
  db.close();
}
