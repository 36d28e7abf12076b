import { errors } from 'jose';

/**
 * Verifies a signature with one of several keys, in their order. Returns the place of the key too, so that what follows from the
 * signature can be signed with the same key, and ends when that key is removed. Only a wrong signature leads to the next key.
 */
export async function byOneOf<K, T>(keys: readonly K[], verify: (key: K) => Promise<T>): Promise<{ found: T; place: number }> {
  let wrong: unknown = new errors.JWSSignatureVerificationFailed();
  for (const [place, key] of keys.entries()) {
    try {
      return { found: await verify(key), place };
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      wrong = error;
    }
  }
  throw wrong;
}
