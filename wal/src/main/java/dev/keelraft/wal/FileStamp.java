package dev.keelraft.wal;

/**
 * What a file was when it was looked at: equal to an earlier stamp if the path still leads to the same file and, as far as the
 * file system tells, nobody has written to it since.
 *
 * @param file stands for the file itself, whatever it is called
 * @param bytes its length
 * @param modified when it was last written to, as exactly as that is known
 */
record FileStamp(Object file, long bytes, Object modified) {}
