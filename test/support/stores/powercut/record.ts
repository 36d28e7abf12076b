/** Reads what `shim.c` recorded, and computes what a disk contains after a power cut. Pure: bytes in, files out. */

export type Random = () => number;

/** A directory on the disk: names of files with their bytes, and of directories. */
export type Tree = Map<string, Uint8Array | Tree>;

/** A change that is durable after the next sync. `index` counts the records. */
interface Change {
  index: number;
  offset: number;
  /** Undefined: cut, or grown with zeros, to `offset`. */
  data: Uint8Array | undefined;
  /** A sync failed: the kernel counts the change as written, and no later sync writes it. */
  isLost?: boolean;
}

class File {
  readonly base: Uint8Array;
  readonly changes: Change[] = [];
  /** Records up to this one are on the disk. */
  synced = -1;
  constructor(base: Uint8Array = new Uint8Array()) {
    this.base = base;
  }
}

type NameChange = { index: number } & (
  | { type: 'link'; name: string; node: File | Directory }
  | { type: 'unlink'; name: string }
  | { type: 'rename'; from: string; to: string; node: File | Directory }
);

class Directory {
  readonly base = new Map<string, File | Directory>();
  /** The state that the process sees. */
  readonly now = new Map<string, File | Directory>();
  readonly changes: NameChange[] = [];
  synced = -1;
}

const kinds = [
  'none',
  'create',
  'found',
  'write',
  'truncate',
  'unlink',
  'rename',
  'mkdir',
  'rmdir',
  'sync-begin',
  'sync-end',
  'dir-sync-begin',
  'dir-sync-end',
  'sync-lost',
] as const;
const headBytes = 32;

interface Recorded {
  index: number;
  kind: (typeof kinds)[number];
  inode: bigint;
  offset: number;
  path: string;
  data: Uint8Array;
}

function* records(log: Uint8Array): Generator<Recorded> {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const text = new TextDecoder();
  for (let at = 0, index = 0; at + headBytes <= log.byteLength; index++) {
    const pathBytes = view.getUint32(at + 4, true);
    const bytes = Number(view.getBigUint64(at + 24, true));
    const data = at + headBytes + pathBytes;
    // The process was killed in the middle of its last record.
    if (data + bytes > log.byteLength) return;
    yield {
      index,
      kind: kinds[view.getUint32(at, true)] ?? 'none',
      inode: view.getBigUint64(at + 8, true),
      offset: Number(view.getBigUint64(at + 16, true)),
      path: text.decode(log.subarray(at + headBytes, data)),
      data: log.subarray(data, data + bytes),
    };
    at = data + bytes;
  }
}

/** The recorded calls of one process, on top of the earlier contents of `root`. */
export class Disk {
  readonly #root: string;
  readonly #tree: Directory;
  readonly #inodes = new Map<bigint, File>();
  readonly #begun = new Map<string, number>();
  /** The recorded calls, by kind. */
  readonly seen: Partial<Record<Recorded['kind'], number>> = {};

  constructor(root: string, base: Tree, log: Uint8Array) {
    this.#root = root;
    this.#tree = fromTree(base);
    for (const record of records(log)) {
      this.seen[record.kind] = (this.seen[record.kind] ?? 0) + 1;
      this.#take(record);
    }
  }

  /**
   * The contents after the power returns. Without `random` only what was synced, which is the minimum. With `random` any other
   * change may have survived too: writes whole, torn at sectors, or lost, in any order, and names up to some point.
   */
  afterPowerCut(random?: Random): Tree {
    return treeOf(this.#tree, random);
  }

  #take({ index, kind, inode, offset, path, data }: Recorded): void {
    switch (kind) {
      case 'create':
        return void this.#inodes.set(inode, this.#link(index, path, new File()) as File);
      case 'found': {
        const node = this.#find(path);
        if (node instanceof File) this.#inodes.set(inode, node);
        return;
      }
      case 'write':
        return void this.#inodes.get(inode)?.changes.push({ index, offset, data });
      case 'truncate':
        return void this.#inodes.get(inode)?.changes.push({ index, offset, data: undefined });
      case 'mkdir':
        return void this.#link(index, path, new Directory());
      case 'unlink':
      case 'rmdir': {
        const [directory, name] = this.#place(path);
        directory.now.delete(name);
        directory.changes.push({ index, type: 'unlink', name });
        return;
      }
      case 'rename':
        return this.#rename(index, path);
      case 'sync-begin':
      case 'dir-sync-begin':
        return void this.#begun.set(`${inode} ${offset}`, index);
      case 'sync-end':
      case 'dir-sync-end': {
        const node = kind === 'sync-end' ? this.#inodes.get(inode) : this.#find(path);
        if (node) node.synced = Math.max(node.synced, this.#begun.get(`${inode} ${offset}`) ?? -1);
        return;
      }
      case 'sync-lost': {
        const node = this.#inodes.get(inode);
        for (const change of node?.changes ?? []) change.isLost ||= change.index > node!.synced;
        return;
      }
      case 'none':
    }
  }

  #rename(index: number, paths: string): void {
    const [from, to] = paths.split('\0') as [string, string];
    const [[source, old], [target, name]] = [this.#place(from), this.#place(to)];
    const node = source.now.get(old);
    if (!node) return;
    source.now.delete(old);
    target.now.set(name, node);
    if (source === target) source.changes.push({ index, type: 'rename', from: old, to: name, node });
    else {
      target.changes.push({ index, type: 'link', name, node });
      source.changes.push({ index, type: 'unlink', name: old });
    }
  }

  #link(index: number, path: string, node: File | Directory): File | Directory {
    const [directory, name] = this.#place(path);
    directory.now.set(name, node);
    directory.changes.push({ index, type: 'link', name, node });
    return node;
  }

  #place(path: string): [Directory, string] {
    const cut = path.lastIndexOf('/');
    const directory = this.#find(path.slice(0, cut));
    if (!(directory instanceof Directory)) throw new Error(`The record contains ${path}, but not its directory.`);
    return [directory, path.slice(cut + 1)];
  }

  #find(path: string): File | Directory | undefined {
    if (path === this.#root) return this.#tree;
    let node: File | Directory | undefined = this.#tree;
    for (const name of path.slice(this.#root.length + 1).split('/')) {
      node = node instanceof Directory ? node.now.get(name) : undefined;
    }
    return node;
  }
}

function fromTree(tree: Tree): Directory {
  const directory = new Directory();
  for (const [name, value] of tree) {
    const node = value instanceof Map ? fromTree(value) : new File(value);
    directory.base.set(name, node);
    directory.now.set(name, node);
  }
  return directory;
}

function treeOf(directory: Directory, random: Random | undefined): Tree {
  const names = new Map(directory.base);
  const loose = directory.changes.filter(({ index }) => index > directory.synced);
  const last = random ? loose[Math.floor(random() * (loose.length + 1)) - 1] : undefined;
  for (const change of directory.changes) {
    if (change.index > (last?.index ?? directory.synced)) break;
    if (change.type === 'unlink') names.delete(change.name);
    else if (change.type === 'link') names.set(change.name, change.node);
    else {
      names.delete(change.from);
      names.set(change.to, change.node);
    }
  }
  return new Map([...names].map(([name, node]) => [name, node instanceof File ? bytesOf(node, random) : treeOf(node, random)]));
}

const sectorBytes = 512;

function bytesOf(file: File, random: Random | undefined): Uint8Array {
  // Allocates extra space, so that a file written in small pieces is not copied for each of them.
  let room = Buffer.from(file.base);
  let size = room.byteLength;
  const resize = (wanted: number) => {
    if (wanted > room.byteLength) room = Buffer.concat([room], 2 * wanted);
    if (wanted > size) room.fill(0, size, wanted);
    size = wanted;
  };
  const put = (offset: number, data: Uint8Array) => {
    if (offset + data.byteLength > size) resize(offset + data.byteLength);
    room.set(data, offset);
  };
  for (const { index, offset, data, isLost } of file.changes) {
    // Whole, torn, or lost. The length of a file is independent of its bytes.
    const fate = isLost && data !== undefined ? 1 : index <= file.synced ? 0 : random ? random() : 1;
    if (fate >= 0.6) continue;
    if (data === undefined) resize(offset);
    else if (fate < 0.4) put(offset, data);
    else {
      for (let at = 0; at < data.byteLength; at += sectorBytes) {
        if (random && random() < 0.5) put(offset + at, data.subarray(at, at + sectorBytes));
      }
    }
  }
  return room.subarray(0, size);
}
