#!/usr/bin/env node
// The command. Its only job is to find a Node that runs the program, so it is written for any Node from 12 on.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const neededMajor = 24;
const own = fileURLToPath(import.meta.url);
const source = new URL('../client/cli/main.ts', import.meta.url);
const built = new URL('../dist/client/cli/main.js', import.meta.url);
// A checkout runs its TypeScript; the package has only what was built from it.
const isCheckout = existsSync(source);

if (process.env.npm_lifecycle_event === 'start') endWithParent();
if (majorOf(process.version) >= neededMajor) run();
else handOver();

/** On SIGTERM, `npm start` ends only the shell that it has started. */
function endWithParent() {
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  timer.unref();
}

function run() {
  import((isCheckout ? source : built).href)
    .then(({ main }) => main(process.argv.slice(2), process.env))
    .then((code) => {
      // Not process.exit(): what was printed may not have left yet.
      process.exitCode = code;
    })
    .catch((error) => {
      process.stderr.write(`pressbox: ${error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 70;
    });
}

/** Runs the same command with the project's own Node: same terminal, same signals, same exit code. */
function handOver() {
  const node = projectNode();
  if (node === undefined || realpathSync(node) === realpathSync(process.execPath)) {
    process.stderr.write(
      `pressbox needs Node.js ${neededMajor} or later; this is ${process.version}. ` +
        `${remedy(node)}, which installs one for it, or install a newer Node.js.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const child = spawn(node, [own, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends its signals to both of us; the child decides what becomes of them, and we wait for it.
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT'];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`pressbox: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code === null ? 1 : code;
      return;
    }
    // Die of the same signal, so that a shell or a supervisor sees what happened.
    for (const name of forwarded) process.removeAllListeners(name);
    process.exitCode = 128 + (constants.signals[signal] || 0);
    process.kill(process.pid, signal);
  });
}

function remedy(node) {
  // The `node` package fetches its Node in a script.
  if (node === undefined && existsSync(join(nodePackage(), 'package.json'))) {
    const rest = isCheckout ? ' && npm run prepare' : '';
    return `The package "node" was installed without its scripts, as by "npm ci --ignore-scripts". Run "npm rebuild node${rest}"`;
  }
  return isCheckout ? 'Run "npm ci" in the project' : 'Run "npm install node" where pressbox is installed';
}

function nodePackage() {
  try {
    return dirname(createRequire(own).resolve('node/package.json'));
  } catch (_) {
    return join(dirname(dirname(own)), 'node_modules', 'node');
  }
}

/** The Node that the `node` package brings, where it is installed. */
function projectNode() {
  const found = nodePackage();
  return [join(found, 'bin', 'node'), join(found, 'bin', 'node.exe')].find((path) => existsSync(path));
}

function majorOf(version) {
  return Number(version.slice(1).split('.')[0]);
}
