import { describe, expect, it, vi } from 'vitest';
import { SharedAnswers, SharedAnswersBudget } from '../../../src/streams/shared-answers.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';

const { sharedCharacters, sharedCharactersOfAll } = streamLimits;
const whole = 'an answer';
const make = () => whole;

/** Whether the answer with this key is still cached. */
function keeps(answers: SharedAnswers, key: string): boolean {
  let isMade = false;
  answers.make(
    key,
    () => {
      isMade = true;
      return whole;
    },
    () => Number.POSITIVE_INFINITY,
  );
  return !isMade;
}

describe('the shared answers of all channels', () => {
  it('count only while they are kept, so that a channel that changes often drops no answer of another', () => {
    const ofAll = new SharedAnswersBudget();
    const [quiet, busy] = [new SharedAnswers(ofAll), new SharedAnswers(ofAll)];
    quiet.make('quiet', make, () => 1);
    for (let kept = 0; kept <= 2 * sharedCharactersOfAll; kept += sharedCharacters) {
      busy.make('busy', make, () => sharedCharacters);
      busy.drop();
      busy.drop();
    }
    expect(keeps(quiet, 'quiet')).toBe(true);
  });

  it('drop the answers of other channels once over the bound, and drop nothing more for a channel that then fits', () => {
    const ofAll = new SharedAnswersBudget();
    const full = Array.from({ length: Math.floor(sharedCharactersOfAll / sharedCharacters) }, () => new SharedAnswers(ofAll));
    for (const answers of full) answers.make('it', make, () => sharedCharacters);
    expect(full.every((answers) => keeps(answers, 'it'))).toBe(true);
    const [late, later] = [new SharedAnswers(ofAll), new SharedAnswers(ofAll)];
    late.make('it', make, () => 2 * sharedCharacters);
    late.make('it', make, () => sharedCharacters);
    expect(full.map((answers) => keeps(answers, 'it'))).toEqual(full.map(() => false));
    later.make('it', make, () => sharedCharacters);
    expect([keeps(late, 'it'), keeps(later, 'it')]).toEqual([true, true]);
  });

  it('drop the answers of other channels only: the channel that exceeds the bound keeps its own', () => {
    const ofAll = new SharedAnswersBudget();
    const half = sharedCharacters / 2;
    const [one, other] = [new SharedAnswers(ofAll), new SharedAnswers(ofAll)];
    one.make('earlier', make, () => half);
    for (let kept = half; kept + sharedCharacters <= sharedCharactersOfAll; kept += sharedCharacters)
      new SharedAnswers(ofAll).make('it', make, () => sharedCharacters);
    other.make('it', make, () => half);
    one.make('it', make, () => half);
    expect([keeps(one, 'earlier'), keeps(one, 'it'), keeps(other, 'it')]).toEqual([true, true, false]);
  });

  it('that are made at once are kept up to sharedAnswers, and a further one serves one reader', () => {
    const answers = new SharedAnswers();
    const made = vi.fn(() => 0);
    for (let times = 0; times < 2; times += 1) {
      for (let nth = 0; nth <= streamLimits.sharedAnswers; nth += 1) answers.make(`${nth}`, made, () => 0);
    }
    expect(made).toHaveBeenCalledTimes(streamLimits.sharedAnswers + 2);
  });

  it('that many request stay, however many others are requested once', async () => {
    const answers = new SharedAnswers();
    const ask = (key: string, read: () => Promise<string>, characters = 1) => answers.read(key, read, () => characters);
    const popular = vi.fn(async () => whole);
    for (let nth = 0; nth < 3 * streamLimits.sharedAnswers; nth += 1) {
      await ask('popular', popular);
      await ask(`once ${nth}`, async () => whole);
    }
    for (let nth = 0; nth < 10; nth += 1) {
      await ask('popular', popular);
      await ask(`large ${nth}`, async () => whole, sharedCharacters / 3);
    }
    expect(popular).toHaveBeenCalledOnce();
    expect(answers.characters).toBeLessThanOrEqual(sharedCharacters);
  });

  it('are not forgotten while they are read', async () => {
    const answers = new SharedAnswers();
    const never = vi.fn(() => new Promise<string>(() => undefined));
    for (let times = 0; times < 2; times += 1) {
      for (let nth = 0; nth <= streamLimits.sharedAnswers; nth += 1) void answers.read(`${nth}`, never, () => 1);
    }
    expect(never).toHaveBeenCalledTimes(streamLimits.sharedAnswers + 2);
  });

  it('use up to the bound of one channel, and make room for a newer one', async () => {
    const ofAll = new SharedAnswersBudget();
    const answers = new SharedAnswers(ofAll);
    const read = (key: string, characters: number) =>
      answers.read(
        key,
        async () => whole,
        () => characters,
      );
    await read('first', sharedCharacters - 1);
    await read('second', 2);
    expect(answers.characters).toBe(2);
    await read('too much', sharedCharacters + 1);
    expect(answers.characters).toBe(2);
    await read('third', sharedCharacters - 1);
    answers.make('last', make, () => 1);
    expect([answers.characters, keeps(answers, 'last')]).toEqual([sharedCharacters, true]);
    answers.drop();
    expect(answers.characters).toBe(0);
  });

  it('do not count an answer that arrives after its channel changed, and keep what was read since', async () => {
    const answers = new SharedAnswers();
    let comeLate: (answer: string) => void = () => {};
    const late = new Promise<string>((resolve) => {
      comeLate = resolve;
    });
    const read = (answer: Promise<string>, characters: number) =>
      answers.read(
        'it',
        () => answer,
        () => characters,
      );
    const before = read(late, 5);
    answers.drop();
    await read(Promise.resolve('anew'), 1);
    comeLate('late');
    expect(await before).toBe('late');
    expect(answers.characters).toBe(1);
    expect(await read(Promise.resolve('again'), 1)).toBe('anew');
  });
});
