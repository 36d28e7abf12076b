// Checks commit messages: the subject is an imperative of at most 72 characters without a full stop, and a body says why.
//
//   node scripts/check-commits.mjs              every commit after the one that added this file
//   node scripts/check-commits.mjs REVISION     every commit after that one
//   node scripts/check-commits.mjs --message F  the message in the file F, of the commit in progress (the hook)
//
// Plain JavaScript, because the hook may run with any version of Node.js.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Longest subject, so that a list of commits fits a terminal. */
export const subjectCharacters = 72;
/** Longest line of the body. Addresses and quoted output may be longer. */
export const bodyCharacters = 72;
/** A commit that adds and removes at most this many lines needs no body. */
export const trivialLines = 10;

/** Verbs whose imperative ends like another form of a verb. */
const imperatives = new Set(
  'Access Address Alias Assess Bias Bleed Breed Bless Bring Bypass Compress Cross Discuss Dismiss Embed Exceed Express Feed Focus Guess Harness Miss Need Pass Ping Press Proceed Process Progress Ring Seed Shed Speed String Stress Succeed Suppress Surpass Swing Toss Witness'.split(
    ' ',
  ),
);
/** Words that may not begin a subject, because they are not verbs. */
const openings = new Set(
  'A An The This That These Those It Its Who Whoever What Whatever When Where Which Why How Of Nor If In On At As For From With No Nothing Nobody Only Some All Each Every More New'.split(
    ' ',
  ),
);

/**
 * Lists what is wrong with a message, as sentences.
 *
 * @param {string} message the complete message, as Git stores it
 * @param {number} changedLines lines that the commit adds and removes
 * @returns {string[]}
 */
export function faultsOf(message, changedLines) {
  const [subject = '', second = '', ...rest] = message.trimEnd().split('\n');
  const body = rest.filter((line) => !/^[A-Z][\w-]+-by: /.test(line));
  const first = /^[\p{L}-]+/u.exec(subject)?.[0] ?? '';
  const faults = [];
  if (subject.length > subjectCharacters)
    faults.push(`the subject has ${subject.length} characters, not at most ${subjectCharacters}`);
  if (/[.!?…]$/.test(subject)) faults.push('the subject ends with a full stop');
  if (!/^\p{Lu}/u.test(subject)) faults.push('the subject does not begin with a capital letter');
  else if (!isImperative(first))
    faults.push(`the subject begins with "${first}", which is not an imperative: "Add", "Refuse", "Rename"`);
  if (second !== '') faults.push('there is no blank line between the subject and the body');
  if (!body.some((line) => line.trim() !== '') && changedLines > trivialLines) {
    faults.push(`a commit of ${changedLines} lines has no body that says why`);
  }
  const long = body.find((line) => line.length > bodyCharacters && /\s\S+\s/.test(line) && !/^\s{2}|^[|>]|:\/\//.test(line));
  if (long !== undefined) faults.push(`a line of the body is longer than ${bodyCharacters} characters: "${long.slice(0, 40)}…"`);
  return faults;
}

function isImperative(word) {
  if (word === '' || openings.has(word)) return false;
  return imperatives.has(word) || !/(?:[^s]s|ed|ing)$/.test(word);
}

const git = (...args) => execFileSync('git', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

/** Lines that a commit or the index adds and removes. A moved file counts as unchanged. */
function changedLinesOf(...what) {
  const lines = git(...what, '--numstat', '-M', '--format=').split('\n');
  // Git counts no lines in a binary file.
  return lines.reduce(
    (sum, line) =>
      sum +
      (line
        .match(/^(\d+)\t(\d+)\t/)
        ?.slice(1)
        .reduce((a, b) => a + Number(b), 0) ?? 0),
    0,
  );
}

/** The hash of the commit that added this file; undefined if the history does not reach back to it. */
function added() {
  return git('log', '--diff-filter=A', '--format=%H', '--', 'scripts/check-commits.mjs').trim().split('\n').at(-1) || undefined;
}

function checkHistory(since) {
  if (!existsSync('.git')) {
    console.error('commits: this is not a checkout, so there is nothing to check');
    return true;
  }
  const range = since === undefined ? ['HEAD'] : [`${since}..HEAD`];
  const hashes = git('rev-list', '--no-merges', '--reverse', ...range)
    .split('\n')
    .filter(Boolean);
  let wrong = 0;
  for (const hash of hashes) {
    const faults = faultsOf(git('log', '-1', '--format=%B', hash), changedLinesOf('show', hash));
    if (faults.length === 0) continue;
    wrong += 1;
    console.error(`${git('log', '-1', '--format=%h %s', hash).trim()}\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
  console.error(`commits: ${hashes.length} checked, ${wrong} do not follow CONTRIBUTING.md`);
  return wrong === 0;
}

function checkMessage(file) {
  const message = readFileSync(file, 'utf8')
    .replace(/^# -+ >8 -+\n[\s\S]*/m, '')
    .replace(/^#.*\n?/gm, '');
  // These commits will be merged into another one, or were created by Git.
  if (/^(?:fixup|squash|amend)! |^Merge |^Revert "/.test(message)) return true;
  const faults = faultsOf(message, changedLinesOf('diff', '--cached'));
  for (const fault of faults) console.error(`commit: ${fault}`);
  if (faults.length > 0) console.error(`commit: your message is kept in ${file}; to edit it, run git commit -e -F ${file}`);
  return faults.length === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, second] = process.argv.slice(2);
  const isRight = first === '--message' ? checkMessage(second) : checkHistory(first ?? added());
  process.exitCode = isRight ? 0 : 1;
}
