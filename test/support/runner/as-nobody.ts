/** The user id of `nobody` (nobody(5) on Linux), who owns nothing. */
const nobody = 65_534;

/** Runs `act` with only the permissions that a file gives to others. Root becomes `nobody` for that time. */
export async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(nobody);
  try {
    return await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
