package dev.keelraft.wal;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Looks for damage that takes new ways through an open. */
class BytesFromDiskFuzz {
    @FuzzTest
    void an_open_comes_to_a_verdict(byte[] bytes) {
        BytesFromDisk.take(bytes);
    }
}
