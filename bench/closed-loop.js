import { openConnection } from './http.connection.js';

/**
 * Callers that send their next request as soon as the last one was answered.
 * @param {{ url: string, connections: number, pay: (connection: Connection) => Promise<void> }} load
 * @typedef {Awaited<ReturnType<typeof openConnection>>} Connection
 */
export async function startLoad({ url, connections, pay }) {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));
  let running = true;
  let durations = [];
  const caller = async (connection) => {
    while (running) {
      const before = performance.now();
      await pay(connection);
      durations.push(performance.now() - before);
    }
  };
  const callers = Promise.all(open.map(caller));
  // Whoever waits for the window to end learns of it; until then nobody does.
  callers.catch(() => {});

  return {
    /**
     * What was answered while `milliseconds` passed.
     * @returns {Promise<number[]>} how long each took, in milliseconds
     */
    window: async (milliseconds) => {
      durations = [];
      await Promise.race([pause(milliseconds), callers]);
      const taken = durations;
      durations = [];
      return taken;
    },
    stop: async () => {
      running = false;
      try {
        await callers;
      } finally {
        for (const connection of open) connection.close();
      }
    },
  };
}

/** @param {number} milliseconds */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
