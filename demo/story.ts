import type { NewChannel } from '../client/lib/author-client.ts';
import { control, emil, entry, keyEvent, report, type Step } from './step.ts';
import { analysisBodies, summaryBodies } from './texts.ts';

/**
 * The first landing on the Moon, 20 and 21 July 1969, as a newsroom might have followed it. Facts and times (UTC) are from the
 * public record. Every sentence is ours. Three mistakes are made up, to show corrections and a retraction: two are corrected, and
 * one post is retracted. Nothing is pinned and no summary stays on top, so that new posts arrive on the first screen, even on a
 * phone.
 */

export const demoChannel = {
  id: 'moon-landing',
  state: 'live',
  headline: 'Apollo 11: the first landing on the Moon',
  standfirst: 'Armstrong and Aldrin go down in Eagle. We tell July 1969 again as it happened, in a few minutes.',
  section: 'Space',
  byline: [
    { name: 'Ruth Calder', role: 'Houston' },
    { name: 'Emil Vance', role: 'science' },
  ],
  language: 'en-GB',
  timezone: 'UTC',
} satisfies NewChannel;

/**
 * How many minutes before the start of the demo each of the first posts is dated. With them the first reader finds coverage that
 * is already under way.
 */
export const openingMinutes = [42, 38, 33, 31, 26, 19, 11, 6, 2] as const;

export const story: readonly Step[] = [
  {
    type: 'publish',
    name: 'guide',
    post: {
      headline: 'What to know before the landing',
      body: `- **Who:** Neil Armstrong commands. Buzz Aldrin flies down with him in the lander, *Eagle*. Michael Collins stays above in *Columbia*.
- **Where:** the Sea of Tranquility, a plain near the equator on the side that faces us.
- **When:** the engine is to be lit shortly after 20:05 UTC on 20 July. The way down takes about twelve minutes.
- **Then:** a walk on the surface, a night in the lander, and the climb back to *Columbia* on 21 July.`,
      authors: emil,
      media: [
        {
          type: 'link',
          url: 'https://www.nasa.gov/mission/apollo-11/',
          title: 'Apollo 11: the mission overview',
          source: 'NASA',
          description: 'The flight from launch on 16 July to the splashdown on 24 July 1969.',
        },
      ],
    },
  },
  entry(
    'inside-eagle',
    '17:30 UTC',
    'Both men are in *Eagle*, its legs are down, and the hatches between the two ships are shut.',
  ),
  keyEvent(
    'undocking',
    '17:44 UTC',
    'Eagle and Columbia part',
    'The two ships have undocked behind the Moon, out of reach of any radio.',
  ),
  entry(
    'wings',
    '17:50 UTC',
    'They are round the edge and can be heard again. Armstrong: “The *Eagle* has wings.” Collins, at his window, looks the lander over as it turns: all four legs are in place.',
  ),
  entry(
    'separation',
    '18:12 UTC',
    '*Columbia* backs away with a short burst of its thrusters, so that the two ships drift apart.',
  ),
  keyEvent(
    'descent-orbit',
    '19:08 UTC',
    'First burn lowers Eagle’s path',
    'Behind the Moon, *Eagle* fires its engine for half a minute. Its orbit now dips to about 15 kilometres above the surface. Houston will know how it went when the ships come round.',
  ),
  entry(
    'round-the-edge',
    '19:48 UTC',
    '*Columbia* is in contact first, then *Eagle*. Collins reports that everything went “just swimmingly”.',
  ),
  entry(
    'go-for-descent',
    '20:00 UTC',
    'Radio contact with *Eagle* keeps breaking up, so Houston has Collins pass the word on: they are go for powered descent.',
  ),
  keyEvent(
    'ignition',
    '20:05 UTC',
    'The engine is lit: Eagle is going down',
    'Powered descent has begun. Nobody has ever gone beyond this point. More follows.',
    { kind: 'breaking', developing: true },
  ),
  entry('windows-up', '20:09 UTC', '*Eagle* rolls over on its back, windows to the sky, so that its radar can see the ground.'),
  entry(
    'alarm-1202',
    '20:10 UTC',
    'A program alarm on board: Armstrong reads out 1220 and asks what it means. The answer from Houston takes some seconds: “We’re go on that alarm.”',
    { headline: 'A computer alarm on the way down', kind: 'breaking' },
  ),
  {
    type: 'revise',
    name: 'alarm-1202',
    kind: 'correction',
    note: 'The number of the alarm is 1202. We had misheard it as 1220.',
    changes: {
      body: '**20:10 UTC** A program alarm on board: Armstrong reads out 1202 and asks what it means. The answer from Houston takes some seconds: “We’re go on that alarm.”',
    },
  },
  {
    type: 'revise',
    name: 'ignition',
    kind: 'update',
    note: 'Added that the descent goes on after the alarm.',
    changes: {
      body: '**20:05 UTC** Powered descent has begun; the engine first ran low to settle, then at full thrust. Nobody has ever gone beyond this point. Since then a computer alarm has sounded, and Houston’s answer was to go on.',
      developing: false,
    },
  },
  entry('alarm-1201', '20:14 UTC', 'They are go for landing. Then another alarm, 1201. “Same type,” Houston says. “We’re go.”'),
  entry(
    'by-hand',
    '20:15 UTC',
    'Armstrong has taken over part of the steering and is flying on, forward, well beyond where the computer would have set them down.',
  ),
  entry(
    'sixty-seconds',
    '20:16 UTC',
    'The low-fuel light is on. Houston calls sixty seconds: the time left before they must land or turn back.',
  ),
  entry('thirty-seconds', '20:17 UTC', 'Thirty seconds. Aldrin reads out height and speed. They are kicking up dust.'),
  keyEvent(
    'landing',
    '20:17 UTC',
    'Contact: engine off',
    'A probe under one leg has touched the ground, and the engine is off. More follows.',
    {
      kind: 'breaking',
      developing: true,
    },
  ),
  entry('stay', '20:19 UTC', 'Stay: the first of several checks whether to leave again at once is passed.'),
  {
    type: 'revise',
    name: 'landing',
    kind: 'update',
    note: 'Filled in with the exact time and the first words from the surface.',
    changes: {
      headline: 'The Eagle has landed',
      body: `**20:17:40 UTC** Two people are on the Moon. Armstrong’s call came when the checks that follow a landing were done:

> Houston, Tranquility Base here. The *Eagle* has landed.

In Houston there were men, the answer went, about to turn blue: they are breathing again.`,
      developing: false,
      verification: 'verified',
    },
  },
  entry('place', '20:22 UTC', 'We hear that *Eagle* stands at the very spot the planners had marked.', {
    headline: 'Down exactly as planned?',
    verification: 'unverified',
    sources: [{ name: 'Talk in the press room' }],
  }),
  {
    type: 'revise',
    name: 'place',
    kind: 'correction',
    note: 'We reported that Eagle came down at the planned spot. It did not: it flew some kilometres beyond it.',
    changes: {
      headline: 'Down some kilometres beyond the plan',
      body: '**20:27 UTC** *Eagle* stands some kilometres beyond the planned spot. The automatic course was taking them into a crater as wide as a football field, Armstrong reports, among big boulders; so he flew on by hand and looked for a better place.',
      verification: 'verified',
      sources: control,
    },
  },
  {
    type: 'publish',
    name: 'summary-landing',
    post: {
      headline: 'The landing: alarms, and a long search for a place',
      body: summaryBodies.landing,
      authors: emil,
      derivedFrom: ['undocking', 'ignition', 'alarm-1202', 'landing', 'place'],
    },
  },
  {
    type: 'publish',
    name: 'analysis-alarms',
    post: {
      kind: 'analysis',
      headline: 'Why an alarm did not stop the landing',
      body: analysisBodies.alarms,
      authors: emil,
      sources: [{ name: 'Pressbox demo desk' }],
    },
  },
  {
    type: 'publish',
    name: 'analysis-clock',
    post: { kind: 'analysis', headline: 'The descent by the clock', body: analysisBodies.clock, authors: emil },
  },
  entry(
    'sighted',
    '21:30 UTC',
    'Michael Collins is said to have seen *Eagle* on the ground through his sextant as *Columbia* passed over.',
    {
      headline: 'Collins sights the lander from orbit',
      verification: 'unverified',
      sources: [{ name: 'Talk in the press room' }],
    },
  ),
  entry(
    'walk-early',
    '22:12 UTC',
    'The plan had them rest first. They would rather not: they propose to go out at about 01:00 UTC, and Houston agrees.',
    { headline: 'They want to go out early' },
  ),
  {
    type: 'retract',
    name: 'sighted',
    note: 'This rested on a call that was misheard. Collins has looked for Eagle on the ground and has not found it.',
  },
  entry(
    'preparing',
    '01:00 UTC, 21 July',
    'Getting ready takes longer than it did in training. The packs that keep them alive outside have to be checked step by step.',
  ),
  entry('hatch', '02:39 UTC', 'The air is out of the cabin and the hatch is open. The walk has begun.', {
    headline: 'The hatch of Eagle is open',
  }),
  entry('porch', '02:51 UTC', 'Armstrong is out, backwards and on his knees, and stands on the porch above the ladder.'),
  entry(
    'camera',
    '02:54 UTC',
    'He has pulled down the camera that is folded into the side of *Eagle*. There is a picture: upside down for a moment, then his leg on the ladder.',
  ),
  keyEvent(
    'first-step',
    '02:56 UTC',
    'A human being stands on the Moon',
    'Armstrong has stepped off the footpad. More follows.',
    {
      kind: 'breaking',
      developing: true,
    },
  ),
  {
    type: 'revise',
    name: 'hatch',
    kind: 'clarification',
    note: 'The length of the walk is counted from the opening of the hatch. The first step on the ground came about seventeen minutes later, at 02:56 UTC.',
    changes: {
      body: '**02:39 UTC** The air is out of the cabin and the hatch is open. From here on the clock of the walk is running.',
    },
  },
  {
    type: 'revise',
    name: 'first-step',
    kind: 'update',
    note: 'Added the exact time and his words.',
    changes: {
      body: `**02:56:15 UTC** Armstrong has stepped off the footpad and stands on the ground of another world.

> That’s one small step for man, one giant leap for mankind.`,
      developing: false,
      verification: 'verified',
    },
  },
  entry(
    'dust',
    '03:00 UTC',
    'The ground is like powder, he says; his boots sink in by a fraction of an inch and leave sharp prints. Walking is no trouble.',
  ),
  entry(
    'first-sample',
    '03:09 UTC',
    'He has scooped up some soil and put it in a pocket of his suit: whatever happens now, a piece of the Moon will go home.',
  ),
  report(
    'aldrin',
    '03:15 UTC',
    'Aldrin is on the surface',
    'Nineteen minutes after Armstrong, Buzz Aldrin comes down the ladder. He looks around: “Magnificent desolation.”',
  ),
  entry(
    'plaque',
    '03:24 UTC',
    'Armstrong reads out the plaque on the leg that carries the ladder. It ends: “We came in peace for all mankind.”',
  ),
  entry(
    'solar-wind',
    '03:35 UTC',
    'Aldrin hangs up a sheet of foil that faces the Sun. What the Sun blows into it in the next hour or so will be carried home.',
  ),
  entry(
    'flag',
    '03:41 UTC',
    'The flag of the United States is up in the Sea of Tranquillity. A rod along the top holds it out: there is no wind to do it.',
  ),
  {
    type: 'revise',
    name: 'flag',
    kind: 'refile',
    changes: {
      body: '**03:41 UTC** The flag of the United States is up in the Sea of Tranquility. A rod along the top holds it out: there is no wind to do it.',
    },
  },
  report(
    'call',
    '03:48 UTC',
    'A call from the White House',
    'President Nixon speaks to the two men on the surface for about two minutes, on what he calls the most historic telephone call ever made.',
  ),
  entry(
    'instruments',
    '04:30 UTC',
    'A seismometer is set out, and near it a mirror for laser light, so that the distance to the Earth can be measured.',
    { authors: emil },
  ),
  entry('inside-again', '05:01 UTC', 'Aldrin is back inside. Armstrong sends up the boxes with rock and soil on a line.'),
  report(
    'hatch-shut',
    '05:11 UTC',
    'The walk is over',
    'Both are inside and the hatch is shut, two and a half hours after it was opened.',
  ),
  {
    type: 'publish',
    name: 'summary-walk',
    post: {
      headline: 'Two and a half hours on the surface',
      body: summaryBodies.walk,
      authors: emil,
      derivedFrom: ['landing', 'first-step', 'aldrin', 'call', 'hatch-shut'],
    },
  },
  entry(
    'rest',
    '08:00 UTC',
    'Time to sleep in *Eagle*, as well as one can where there are no beds: Aldrin on the floor, Armstrong on the cover of the engine.',
  ),
  entry(
    'luna',
    '15:50 UTC',
    'The signals of Luna 15, the unmanned Soviet craft that has been in orbit since before *Eagle* landed, have stopped. More follows.',
    {
      headline: 'Luna 15 falls silent',
      developing: true,
      authors: emil,
      sources: [{ name: 'Jodrell Bank', url: 'https://www.jodrellbank.net/' }],
      media: [{ type: 'link', url: 'https://en.wikipedia.org/wiki/Luna_15', title: 'Luna 15', source: 'Wikipedia' }],
    },
  ),
  {
    type: 'revise',
    name: 'luna',
    kind: 'update',
    note: 'Added what the observers heard.',
    changes: {
      headline: 'Luna 15 has come down in the Sea of Crises',
      body: '**15:50 UTC** Luna 15, the unmanned Soviet craft that went into orbit before *Eagle* landed, has come down in the Sea of Crises, far from Tranquility Base. The radio telescope at Jodrell Bank, which had followed it, heard its signals stop at about 15:50: it came in too fast for a soft landing.',
      developing: false,
    },
  },
  entry('ready', '17:30 UTC', 'Less than half an hour to go. There is one engine to lift them off, and no other way home.'),
  keyEvent(
    'lift-off',
    '17:54 UTC',
    'Lift-off from the Moon',
    '*Eagle*’s upper half is climbing. The lower half served as the launch pad, and stays behind.',
    {
      kind: 'breaking',
    },
  ),
  entry(
    'orbit',
    '18:01 UTC',
    'Seven minutes of burning, and they are in orbit. They were on the Moon for a little more than twenty-one and a half hours.',
  ),
  report(
    'docking',
    '21:35 UTC',
    'Eagle and Columbia are one ship again',
    'Docked. The boxes from the surface can be carried over, and all three will soon be in one cabin.',
  ),
  entry('jettison', '23:41 UTC', '*Eagle* is let go. Its work is done.'),
  {
    type: 'publish',
    name: 'end',
    post: {
      headline: 'This was the story. Now it is your turn',
      body: `The engine that takes them home is to be lit in the early hours of 22 July. Our account ends here, but the channel stays live: publish a post, correct one, and watch it arrive on this page.

The commands are in the terminal where the server was started.`,
      authors: [{ name: 'Pressbox demo desk' }],
    },
  },
];
