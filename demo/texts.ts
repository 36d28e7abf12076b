/** The longer texts of the demo's story. */

export const summaryBodies = {
  landing: `- *Eagle* parted from *Columbia* at 17:44 UTC and lit its engine at 20:05.
- The computer sounded alarms several times on the way down. Houston let the landing go on.
- Armstrong flew on by hand past a crater and its boulders.
- **20:17:40 UTC:** engine off, in the Sea of Tranquility.
- *Eagle* stands some kilometres beyond the planned spot. Both men are well.`,
  walk: `- Hatch open at 02:39 UTC, shut at 05:11: two and a half hours.
- **02:56:15 UTC:** Armstrong’s first step. Aldrin followed nineteen minutes later.
- They set up a flag, a sheet of foil for the wind of the Sun, a seismometer and a mirror for laser light.
- The President called at 03:48.
- Rock and soil are on board. Lift-off is planned for the early evening, UTC.`,
} as const;

export const analysisBodies = {
  alarms: `1202 and 1201 are two ways of saying one thing: the computer was given more to do than it could finish in time.

What it did then is what it was built for:

1. It stopped everything and started again, within a moment.
2. It took up first what keeps the ship flying: steering and engine.
3. It left for later what can wait, such as some of the figures on the display.

> We’re go on that alarm.
> — Houston, at 20:10 UTC

So the question in Houston was not whether the computer had failed. It was whether the alarms came seldom enough for the work that matters to be done. They did; the answer had been practised on the ground only weeks before.`,
  clock: `The twelve and a half minutes between orbit and ground, as the calls were made:

| UTC | What happened |
| --- | --- |
| 20:05:05 | Engine on |
| 20:09 | Windows up, so that the radar sees the ground |
| 20:10 | First program alarm: 1202 |
| 20:14 | Go for landing; another alarm: 1201 |
| 20:15 | Armstrong flies on by hand |
| 20:16 | “Sixty seconds” |
| 20:17 | “Thirty seconds” |
| 20:17:40 | Engine off |

**The descent in figures**

| | |
| --- | --: |
| Minutes the engine burned | 12:35 |
| Program alarms | 1201, 1202 |`,
} as const;
