import { isLoadable } from '../../../../src/protocol/field-rules.ts';
import { isUploadAddress } from '../../../../src/protocol/uploaded-media.ts';

/** Where a picture is shown. `origin`: that of the server, whose pictures need no https. */
export interface Destination {
  channelId: string;
  origin: string;
}

/**
 * Whether pages of the server may load the picture. A server without a public URL gives an upload its own address, which differs from
 * that of the desk behind a proxy.
 */
export function isLoadableThere(url: string, { channelId, origin }: Destination): boolean {
  return isLoadable(url, origin) || isUploadAddress(url, channelId);
}
