/** What Chromium says about the connection. Other browsers say nothing. */
interface NetworkInformation {
  effectiveType?: string;
  saveData?: boolean;
}

/** Whether the browser says that the connection is slow, or that data should be saved. */
export function isConnectionSlow({ connection }: { connection?: NetworkInformation } = navigator as object): boolean {
  return connection?.saveData === true || /^(?:slow-2g|2g|3g)$/.test(connection?.effectiveType ?? '');
}
