import type { Asked } from '../command-line/command.js';
import { liveThrough } from './agents-day.js';
import { Narrator } from './narrator.js';
import { setStage } from './stage.js';

/** Tells a day of an agent, doing and checking all of it. @throws CommandFailure when anything is not as told */
export async function runDemo(asked: Asked): Promise<void> {
  const narrator = new Narrator(asked.terminal);
  const stage = await setStage(asked, narrator);
  try {
    await liveThrough(stage);
    narrator.end();
  } finally {
    await stage.leave();
  }
}
