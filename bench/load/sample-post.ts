import type { NewPost } from '../../src/protocol/schemas.ts';

/** A typical post: a headline, three short paragraphs and a list, some 600 characters in total. */
export function postOf(number: number, headline: string = `Update ${number}`): NewPost {
  return {
    headline,
    body: [
      `The harbour office has confirmed report number **${number}** of the day: the third quay stays closed until the crane is secured.`,
      'Ferries leave from the northern pier. Two lines run late:\n\n- the island line, by about twenty minutes\n- the night line, which will not call at the fort',
      'A spokesperson said: "We will open the quay as soon as the engineers tell us that it is safe, and not a minute before that."',
      `The next briefing is expected on the hour; ${number % 2 === 0 ? 'questions can be sent beforehand' : 'it is shown live'}.`,
    ].join('\n\n'),
  };
}

const mark = 'Sent at ';
const markInFrame = Buffer.from(`"headline":"${mark}`);

/** A headline with the send time in milliseconds of the shared clock, which `sentAtIn` finds in a frame without parsing it. */
export function headlineSentAt(ms: number): string {
  return `${mark}${ms.toFixed(3)}`;
}

export function sentAtIn(frame: Buffer): number | undefined {
  const at = frame.indexOf(markInFrame);
  if (at === -1) return undefined;
  const from = at + markInFrame.length;
  return Number(frame.toString('latin1', from, frame.indexOf(0x22, from)));
}
