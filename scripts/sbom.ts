// Writes a software bill of materials (CycloneDX JSON): the packages that an installed server runs, and those bundled into
// browser scripts.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The fields used here (lockfileVersion 3). */
export interface Lockfile {
  name: string;
  version: string;
  /** By path, such as `node_modules/debug/node_modules/ms`. The path of the project itself is empty. */
  packages: Record<string, LockedPackage>;
}

interface LockedPackage {
  version?: string;
  integrity?: string;
  license?: string | undefined;
  dev?: boolean;
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export interface Bom {
  bomFormat: 'CycloneDX';
  specVersion: '1.5';
  version: 1;
  metadata: { lifecycles: { phase: 'build' }[]; component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

interface Component {
  type: 'application' | 'library';
  'bom-ref': string;
  name: string;
  version: string;
  scope?: 'required' | 'optional';
  purl: string;
  hashes?: { alg: 'SHA-512'; content: string }[];
  licenses?: ({ license: { id: string } } | { expression: string })[];
}

/**
 * Lists the packages of the server. `bundled`: the paths of packages in browser scripts, which are listed too, even if they are
 * development dependencies.
 */
export function billOfMaterials({ name, version, packages }: Lockfile, bundled: readonly string[]): Bom {
  const isShipped = (path: string) => path !== '' && (packages[path]?.dev !== true || bundled.includes(path));
  const shipped = Object.entries(packages).filter(([path]) => isShipped(path));
  const project = { name, version, license: packages['']?.license };
  const refOf = (path: string) => (path === '' ? purlOf(name, version) : purlOf(nameOf(path), packages[path]?.version ?? ''));
  const dependsOn = (path: string) => {
    const { dependencies, optionalDependencies } = packages[path] ?? {};
    const names = Object.keys({ ...dependencies, ...optionalDependencies });
    const paths = names.map((wanted) => resolve(wanted, path, packages)).filter((found) => found !== undefined);
    return paths.filter(isShipped);
  };
  const edges = new Map<string, Set<string>>();
  for (const path of ['', ...shipped.map(([path]) => path)]) {
    const direct = path === '' ? [...dependsOn(path), ...bundled] : dependsOn(path);
    const refs = edges.get(refOf(path)) ?? new Set();
    for (const each of direct) refs.add(refOf(each));
    edges.set(refOf(path), refs);
  }
  const components = new Map(
    shipped.map(([path, { optional, ...rest }]) => [
      refOf(path),
      {
        ...componentOf('library', { name: nameOf(path), ...rest }),
        scope: optional ? ('optional' as const) : ('required' as const),
      },
    ]),
  );
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: componentOf('application', project) },
    components: [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1)),
    dependencies: [...edges].map(([ref, refs]) => ({ ref, dependsOn: [...refs].sort() })),
  };
}

function componentOf(
  type: Component['type'],
  { name, version = '', integrity, license }: Pick<LockedPackage, 'version' | 'integrity' | 'license'> & { name: string },
): Component {
  const [algorithm, digest] = integrity?.split('-') ?? [];
  const purl = purlOf(name, version);
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(algorithm === 'sha512' &&
      digest && { hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] }),
    ...(license && { licenses: [/[ (]/.test(license) ? { expression: license } : { license: { id: license } }] }),
  };
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Resolves an import like Node.js: from this path upwards. */
function resolve(wanted: string, from: string, packages: Lockfile['packages']): string | undefined {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    const path = `${place === '' ? '' : `${place}/`}node_modules/${wanted}`;
    if (path in packages) return path;
    if (place === '') return undefined;
  }
}

/** Paths of the packages in browser scripts. */
export async function bundledPackages(root: string): Promise<string[]> {
  const { bundle } = (await import(new URL('./build-pages.mjs', import.meta.url).href)) as {
    bundle(
      esbuild: unknown,
      root: string,
      shrink: (script: Uint8Array) => Uint8Array,
    ): Promise<{ metafile: { inputs: object } }[]>;
  };
  const built = await bundle(await import('esbuild'), root, (script) => script);
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const paths = inputs
    .map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
    .filter((path) => path !== undefined);
  return [...new Set(paths)].sort();
}

export async function readLockfile(root: string): Promise<Lockfile> {
  return JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const lockfile = await readLockfile(root);
  const bom = billOfMaterials(lockfile, await bundledPackages(root));
  const file = `${lockfile.name}-${lockfile.version}.cdx.json`;
  await writeFile(join(root, file), `${JSON.stringify(bom, null, 2)}\n`);
  console.log(`sbom: ${bom.components.length} packages → ${file}`);
}
