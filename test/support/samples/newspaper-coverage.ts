import type { AuthorClient, NewChannel, NewPost, Revision } from '../../../client/lib/author-client.ts';
import type { Media } from '../../../src/protocol/model.ts';

/**
 * The coverage of an invented storm surge, as large as that of a newspaper on a busy day: 41 posts, of which 17 are key events and
 * one is pinned, two summaries, six pictures, three corrections, a clarification and a retraction.
 */
export const newspaperChannel: NewChannel = {
  headline: 'Storm surge on the Elder coast: Norhaven spends the night behind its dykes',
  standfirst:
    'The highest water since 1976 has passed the town. 4,100 people slept away from home, the causeway to Skarholm is broken in two places, and the repair crews wait for the afternoon’s ebb.',
  section: 'Coast',
  byline: [
    { name: 'Marit Ostlund', role: 'on the north dyke' },
    { name: 'Daniel Okafor', role: 'in the newsroom' },
  ],
  language: 'en-GB',
  timezone: 'Europe/Oslo',
  state: 'live',
};

export type CoverageStep =
  | { publish: string; post: NewPost }
  | { revise: string; change: Revision }
  | { retract: string; note: string }
  | { pin: string };

/** `pictures`: the address below which the pictures of posts are served, with https. */
export function newspaperCoverage(pictures: string): CoverageStep[] {
  const picture = (name: string, alt: string, caption: string, credit: string, [width, height] = [1600, 1067]): Media => ({
    type: 'image',
    url: `${pictures}/${name}.jpg`,
    alt,
    caption,
    credit,
    width: width as number,
    height: height as number,
  });
  const byMarit = [{ name: 'Marit Ostlund', role: 'on the north dyke' }];
  const byDaniel = [{ name: 'Daniel Okafor' }];
  const bySara = [{ name: 'Sara Lindqvist', role: 'science correspondent' }];
  const tideOffice = { name: 'National Tide Office' };
  const county = { name: 'Elder County crisis staff' };
  return [
    {
      publish: 'begins',
      post: {
        headline: 'Norhaven prepares for the highest water in fifty years',
        keyEvent: true,
        authors: byDaniel,
        body: 'Good morning. We follow the storm surge that is due to reach the Elder coast this evening. The National Tide Office expects the water to stand **3.4 metres above normal** at the Norhaven gauge shortly after ten at night. Schools on the coast stay shut, and the ferries to the outer islands stop at noon.\n\nOur reporters are on the north dyke, in the crisis staff’s offices and on the island of Skarholm.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'schools',
      post: {
        headline: 'Which schools are shut',
        authors: byDaniel,
        body: 'The county has closed every school west of the railway line:\n\n- all primary schools in Norhaven and Brekke\n- the grammar school in Norhaven\n- the vocational school at the shipyard\n\nEmergency care for children up to ten is offered at the town hall from seven.',
        sources: [county],
      },
    },
    {
      publish: 'ferries',
      post: {
        headline: 'Last ferry to the outer islands leaves at noon',
        keyEvent: true,
        authors: byMarit,
        body: 'The harbour master has confirmed that the *Havørn* sails at twelve and not again before Thursday. About sixty people wait at the quay, most of them islanders who want to be home with their animals.',
        media: [
          picture(
            'quay',
            'People with bags wait in the rain beside a white ferry',
            'Waiting for the last ferry in Norhaven',
            'Marit Ostlund',
          ),
        ],
        sources: [{ name: 'Norhaven harbour master' }],
      },
    },
    {
      publish: 'voices-quay',
      post: {
        authors: byMarit,
        body: '“My father stood on this quay in 1976 and did not go,” says Elin Haug, who farms on Skarholm. “He lost forty ewes. I am going.”',
      },
    },
    {
      publish: 'explainer-surge',
      post: {
        headline: 'Why this surge is different',
        kind: 'analysis',
        authors: bySara,
        body: 'A storm surge is not a wave but a hill of water that the wind pushes ahead of itself for a day or more. Three things come together tonight. The wind has blown from the north-west since Sunday and does not turn. The low passes so slowly that its peak meets the **spring tide**. And the bay of Norhaven narrows like a funnel.\n\nNone of that is new. What is new is the starting level: the sea stands 21 centimetres higher than it did in 1976.\n\n> A dyke does not know how high the forecast was. It knows how long the water stays.\n> — Ingrid Falk, dyke engineer',
        sources: [{ name: 'Institute of Marine Research', url: 'https://example.org/marine' }, tideOffice],
      },
    },
    {
      publish: 'warning-red',
      post: {
        headline: 'Tide office raises the warning to red',
        kind: 'breaking',
        keyEvent: true,
        authors: byDaniel,
        body: 'The National Tide Office has raised its warning for the whole Elder coast to **red**, the highest of four levels. It now expects between 3.5 and 3.8 metres above normal.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'evacuation',
      post: {
        headline: 'County orders the evacuation of Lower Norhaven',
        kind: 'breaking',
        keyEvent: true,
        authors: byDaniel,
        body: 'Everyone who lives below the Kirkgate must leave their homes by six this evening, the crisis staff says. That is **4,700 people**. Buses leave from the market square every ten minutes. Emergency shelters are open in the sports hall, the grammar school and the cathedral.',
        sources: [county],
        developing: true,
      },
    },
    {
      publish: 'buses',
      post: {
        authors: byMarit,
        body: 'The first buses have left the market square. They are half empty: many people here say that they will wait until the afternoon.',
      },
    },
    {
      publish: 'dyke-north',
      post: {
        headline: 'Sandbags on the north dyke',
        keyEvent: true,
        authors: byMarit,
        body: 'Soldiers and volunteers are raising the crown of the north dyke by forty centimetres over a length of nine hundred metres. It is the stretch that was to be rebuilt next summer.',
        media: [
          picture(
            'dyke',
            'A line of people passes sandbags along a grass dyke',
            'The chain on the north dyke, early afternoon',
            'Marit Ostlund',
            [1067, 1600],
          ),
        ],
      },
    },
    {
      publish: 'numbers',
      post: {
        headline: 'The measures in figures',
        authors: byDaniel,
        body: '**On the coast since this morning**\n\n| Measure | Number |\n| --- | ---: |\n| Sandbags filled | 62,000 |\n| Soldiers | 540 |\n| Volunteers | 1,300 |\n| Pumps | 88 |',
        sources: [county],
      },
    },
    {
      publish: 'summary-noon',
      post: {
        headline: 'What we know at midday',
        kind: 'summary',
        authors: byDaniel,
        body: '- The tide office expects **3.5 to 3.8 metres** above normal after ten tonight, and has raised its warning to red.\n- Lower Norhaven must be empty by six. The order applies to 4,700 people.\n- The last ferry has left. Trains run until four.\n- The weakest stretch is the north dyke, which soldiers and volunteers are raising.\n- Skarholm can be reached only by the causeway, which closes at three.',
      },
    },
    {
      publish: 'causeway-closes',
      post: {
        headline: 'Causeway to Skarholm closes',
        keyEvent: true,
        authors: byDaniel,
        body: 'The police have closed the causeway an hour earlier than announced, because waves already reach the road. About 180 people are on the island.',
        sources: [{ name: 'Elder police' }],
      },
    },
    {
      publish: 'hospital',
      post: {
        headline: 'Hospital moves thirty patients',
        authors: byDaniel,
        body: 'St Anne’s hospital has taken thirty patients from its ground floor to Brekke. Operations that can wait are postponed until Friday.',
        sources: [{ name: 'St Anne’s hospital', url: 'https://example.org/st-annes' }],
        verification: 'verified',
      },
    },
    {
      publish: 'rumour-sluice',
      post: {
        headline: 'Sluice at the shipyard said to be stuck',
        authors: byDaniel,
        body: 'Several readers report that the old sluice at the shipyard cannot be closed. We are asking the port authority.',
        sources: [{ name: 'Readers’ messages' }],
        verification: 'unverified',
        developing: true,
      },
    },
    {
      publish: 'trains',
      post: {
        headline: 'Trains stop at four',
        keyEvent: true,
        authors: byDaniel,
        body: 'The railway ends all traffic west of Brekke at four in the afternoon. The last train from Norhaven leaves at 15:42.\n\nAnyone with a ticket for today may use it until Sunday.',
        sources: [{ name: 'Coast Railway' }],
      },
    },
    {
      publish: 'shelter',
      post: {
        headline: 'A night in the cathedral',
        authors: byMarit,
        body: 'Four hundred camp beds stand in the nave. The verger has hung hand-written signs: quiet side, snoring side. In the choir somebody is teaching children to fold paper boats.',
        media: [
          picture(
            'cathedral',
            'Rows of camp beds between the pillars of a church',
            'Beds in the nave of Norhaven cathedral',
            'Pool photo',
          ),
        ],
      },
    },
    {
      publish: 'gauge-17',
      post: {
        headline: 'Water 1.9 metres above normal at five',
        keyEvent: true,
        authors: bySara,
        body: '**Norhaven gauge, metres above normal**\n\n| Time | Level |\n| --- | ---: |\n| 15:00 | 1.2 |\n| 16:00 | 1.6 |\n| 17:00 | 1.9 |',
        sources: [tideOffice],
      },
    },
    {
      publish: 'mayor',
      post: {
        headline: 'Mayor: “Do not wait for the water”',
        authors: byDaniel,
        body: 'Mayor Helga Strand has asked everyone in Lower Norhaven who is still at home to leave now.\n\n> I know that you have heard this before. In eighteen years I have not said it once. I am saying it today.\n> — Helga Strand, mayor of Norhaven',
        sources: [{ name: 'Press conference' }],
      },
    },
    {
      publish: 'deadline',
      post: {
        headline: 'Deadline passes, police go from door to door',
        keyEvent: true,
        authors: byMarit,
        body: 'It is six o’clock. Police in yellow jackets ring at every door of Strandgate. Where nobody answers they put a strip of tape across the lock. In the first hundred houses they have met eleven people.',
      },
    },
    {
      publish: 'power',
      post: {
        headline: 'Power to be cut in Lower Norhaven at eight',
        authors: byDaniel,
        body: 'The network operator will switch off the quarter below the Kirkgate at eight, so that no flooded cellar is live. The rest of the town keeps its supply.',
        sources: [{ name: 'Elder Grid' }],
      },
    },
    {
      publish: 'road',
      post: {
        headline: 'Coast road flooded between Brekke and Norhaven',
        keyEvent: true,
        authors: byDaniel,
        body: 'Water stands knee-deep on the coast road at three places. The only way into the town is now the ridge road through Ullern.',
        media: [
          picture('road', 'A road sign stands in brown water up to its lower edge', 'The coast road near Brekke', 'Elder police'),
        ],
        sources: [{ name: 'Elder police' }],
      },
    },
    {
      publish: 'gauge-19',
      post: {
        authors: bySara,
        body: 'At seven the Norhaven gauge stood at 2.5 metres above normal, twenty centimetres more than forecast for this hour. The tide office says that the wind is stronger than its model had it, but that the peak need not be.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'skarholm-call',
      post: {
        headline: '“We are sitting upstairs and we have soup”',
        authors: byDaniel,
        body: 'We have reached the schoolhouse on Skarholm by telephone. Forty islanders are spending the night there, says the teacher, Nils Aune. The lights went out at a quarter to seven. “We are sitting upstairs, we have soup, and somebody brought an accordion. I am not sure that it helps.”',
      },
    },
    {
      publish: 'breach-fear',
      post: {
        headline: 'Water seeps through the north dyke',
        kind: 'breaking',
        keyEvent: true,
        authors: byMarit,
        body: 'At the bend by the pumping station clear water comes out of the foot of the dyke. Engineers say that this is expected **as long as it stays clear**. Soldiers are building a ring of sandbags around the spot.',
        developing: true,
      },
    },
    {
      publish: 'seepage-explained',
      post: {
        headline: 'What clear water means, and what brown water would',
        kind: 'analysis',
        authors: bySara,
        body: 'Every dyke of clay and sand lets some water through. While it runs clear it carries nothing away. If it turns brown it takes the dyke’s own sand with it, and a tunnel grows from the land side towards the sea. That is how most dykes fail: not over the top, but from below.\n\nA ring of sandbags does not stop the water. It lets a small pool rise, whose weight presses back.',
      },
    },
    {
      publish: 'port-sluice',
      post: {
        headline: 'Port authority: the sluice is shut',
        keyEvent: true,
        authors: byDaniel,
        body: 'The sluice at the shipyard has been shut since noon and is holding, says the port authority, which has sent us a picture of it. We had reported earlier that readers believed it to be stuck.',
        media: [
          picture(
            'sluice',
            'Closed steel gates with water standing high on one side',
            'The sluice this evening',
            'Norhaven port authority',
          ),
        ],
        sources: [{ name: 'Norhaven port authority' }],
        verification: 'verified',
      },
    },
    {
      publish: 'animals',
      post: {
        authors: byMarit,
        body: 'The riding school on the Kirkgate has taken in 31 horses, nine goats and a parrot called Admiral, who will not say where he lives.',
      },
    },
    {
      publish: 'gauge-21',
      post: {
        headline: 'Three metres at nine',
        keyEvent: true,
        authors: bySara,
        body: 'The gauge has passed three metres. That is the level at which the quay of the old harbour is under water.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'old-harbour',
      post: {
        headline: 'The old harbour is flooded',
        authors: byMarit,
        body: 'The water came over the edge of the quay without a sound. Ten minutes later the cobbles were gone, then the benches, then the lower half of the fishmonger’s door. The steel plates at the Kirkgate are dry.',
        media: [
          picture(
            'harbour',
            'Street lamps reflected in the flooded square of an old harbour',
            'The old harbour at a quarter past nine',
            'Marit Ostlund',
          ),
        ],
      },
    },
    {
      publish: 'injured',
      post: {
        headline: 'Two helpers slightly hurt',
        authors: byDaniel,
        body: 'Two volunteers fell from the dyke’s path and were treated on the spot. Nobody else has been hurt so far, the crisis staff says.',
        sources: [county],
      },
    },
    {
      publish: 'peak-later',
      post: {
        headline: 'Peak expected later, and a little lower',
        keyEvent: true,
        authors: bySara,
        body: 'The tide office now expects the highest water at about half past eleven, and not above **3.6 metres**. The wind has begun to turn to the west.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'causeway-broken',
      post: {
        headline: 'Causeway to Skarholm breaks in two places',
        kind: 'breaking',
        keyEvent: true,
        authors: byDaniel,
        body: 'A coastguard helicopter has seen two gaps in the causeway, one of them some forty metres wide. Nobody was on it. The islanders can be supplied only by air or by boat in the coming weeks.',
        sources: [{ name: 'Coastguard', via: 'radio' }],
      },
    },
    {
      publish: 'insurance',
      post: {
        headline: 'Your questions: who pays for what?',
        authors: byDaniel,
        body: '**Am I covered if the water comes through the drains?**\nMostly yes, if your contents are insured against natural damage.\n\n**And my car?**\nOnly with comprehensive cover.\n\n**What should I do now?**\nPhotograph everything before you clear up, and keep receipts for what you buy.',
      },
    },
    {
      publish: 'peak',
      post: {
        headline: 'The water stands at 3.58 metres and has stopped rising',
        kind: 'breaking',
        keyEvent: true,
        authors: bySara,
        body: 'For twenty minutes the gauge has shown the same figure: **3.58 metres above normal**, 17 centimetres below the mark of 1976. The north dyke holds.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'cheers',
      post: {
        authors: byMarit,
        body: 'On the dyke nobody cheers. People sit down where they are. A man next to me has fallen asleep on a heap of sandbags with his helmet on.',
      },
    },
    {
      publish: 'falling',
      post: {
        headline: 'The water is falling',
        keyEvent: true,
        authors: bySara,
        body: 'Since midnight the gauge has gone down by 24 centimetres. The tide office expects normal levels by the afternoon.',
        sources: [tideOffice],
      },
    },
    {
      publish: 'all-clear',
      post: {
        headline: 'Upper town may go home at seven',
        authors: byDaniel,
        body: 'Everyone from above the Kirkgate may return from seven in the morning. Lower Norhaven stays shut until engineers have looked at each cellar, which will take until Friday.',
        sources: [county],
      },
    },
    {
      publish: 'damage',
      post: {
        headline: 'A first look at the damage',
        authors: byMarit,
        body: 'By daylight one sees what the water took: the bathing huts, the bandstand, the fence around the school garden. What it left is a line of straw and plastic at the height of my chest along the whole of Strandgate.',
      },
    },
    {
      publish: 'summary-morning',
      post: {
        headline: 'The night in brief',
        kind: 'summary',
        authors: byDaniel,
        body: '- The water peaked at **3.58 metres** above normal at 23:40, 7 centimetres below the record of 1976. The dykes held.\n- 4,700 people had been told to leave Lower Norhaven. They cannot go back before Friday.\n- The causeway to Skarholm is broken in two places. All 180 people on the island are well.\n- Two helpers were slightly hurt.\n- Trains run again from ten. Schools open on Wednesday.\n- The county puts the damage at “tens of millions”; a figure is expected tomorrow.\n\nWe continue with the repair of the north dyke and the first boats to Skarholm.',
      },
    },
    {
      publish: 'skarholm-boat',
      post: {
        headline: 'First boat reaches Skarholm',
        authors: byDaniel,
        body: 'The rescue boat *Vilje* has put ashore at Skarholm with insulin, bread and batteries. The accordion, says Nils Aune, has survived.',
        media: [
          {
            type: 'link',
            url: 'https://example.org/skarholm',
            title: 'How the islanders live with the sea',
            source: 'From our archive',
            description: 'A portrait of Skarholm in five houses.',
          },
        ],
      },
    },
    {
      publish: 'rumour-looting',
      post: {
        headline: 'Reports of break-ins in Strandgate',
        authors: byDaniel,
        body: 'Neighbours say that several empty houses in Strandgate were broken into during the night.',
        sources: [{ name: 'Residents' }],
        verification: 'unverified',
      },
    },
    {
      revise: 'evacuation',
      change: {
        kind: 'correction',
        note: 'The order applies to 4,100 people, not 4,700. The county had counted one street twice.',
        changes: {
          body: 'Everyone who lives below the Kirkgate must leave their homes by six this evening, the crisis staff says. That is **4,100 people**. Buses leave from the market square every ten minutes. Emergency shelters are open in the sports hall, the grammar school and the cathedral.',
          developing: false,
        },
      },
    },
    {
      revise: 'summary-morning',
      change: {
        kind: 'correction',
        note: 'The evacuation order applied to 4,100 people, not 4,700.',
        changes: {
          body: '- The water peaked at **3.58 metres** above normal at 23:40, 7 centimetres below the record of 1976. The dykes held.\n- 4,100 people had been told to leave Lower Norhaven. They cannot go back before Friday.\n- The causeway to Skarholm is broken in two places. All 180 people on the island are well.\n- Two helpers were slightly hurt.\n- Trains run again from ten. Schools open on Wednesday.\n- The county puts the damage at “tens of millions”; a figure is expected tomorrow.\n\nWe continue with the repair of the north dyke and the first boats to Skarholm.',
        },
      },
    },
    {
      revise: 'peak',
      change: {
        kind: 'correction',
        note: 'The mark of 1976 is 3.65 metres, so the water stayed 7 centimetres below it. We first wrote 17.',
        changes: {
          body: 'For twenty minutes the gauge has shown the same figure: **3.58 metres above normal**, 7 centimetres below the mark of 1976, which is 3.65. The north dyke holds.',
        },
      },
    },
    {
      revise: 'power',
      change: {
        kind: 'clarification',
        note: 'Only the quarter below the Kirkgate is switched off. The hospital has its own supply.',
        changes: {
          body: 'The network operator will switch off the quarter below the Kirkgate at eight, so that no flooded cellar is live. The rest of the town, including St Anne’s hospital, keeps its supply.',
        },
      },
    },
    { retract: 'rumour-looting', note: 'The police found no break-in. The doors had been opened by the fire brigade.' },
    { pin: 'peak' },
  ];
}

/** The picture at this address as SVG, as large as the coverage says. Undefined for the address of no such picture. */
export function newspaperPicture(url: string): string | undefined {
  const media = newspaperCoverage(new URL('.', url).href.replace(/\/$/, '')).flatMap((step) =>
    'publish' in step ? (step.post.media ?? []) : [],
  );
  const picture = media.find((one) => one.type === 'image' && one.url === url);
  if (picture?.type !== 'image') return undefined;
  const { width, height } = picture;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#7a8894"/></svg>`;
}

/** Publishes the coverage and returns the ids of its channel and of its posts, by the names of the steps. */
export async function publishNewspaperCoverage(
  author: AuthorClient,
  { pictures = 'https://pictures.example.org', channel = {} }: { pictures?: string; channel?: Partial<NewChannel> } = {},
): Promise<{ channelId: string; posts: Record<string, string> }> {
  const { id: channelId } = (await author.createChannel({ ...newspaperChannel, ...channel })).channel;
  const posts = new Map<string, { id: string; revision: number }>();
  const named = (name: string) => {
    const post = posts.get(name);
    if (post === undefined) throw new Error(`No step publishes the post ${name}.`);
    return post;
  };
  for (const step of newspaperCoverage(pictures)) {
    if ('publish' in step) {
      posts.set(step.publish, (await author.publish(channelId, step.post)).post);
    } else if ('revise' in step) {
      const { id, revision } = named(step.revise);
      posts.set(step.revise, (await author.revise(channelId, id, revision, step.change)).post);
    } else if ('retract' in step) {
      await author.retract(channelId, named(step.retract).id, { note: step.note });
    } else {
      await author.updateChannel(channelId, '*', { pinnedPostId: named(step.pin).id });
    }
  }
  return { channelId, posts: Object.fromEntries([...posts].map(([name, { id }]) => [name, id])) };
}
