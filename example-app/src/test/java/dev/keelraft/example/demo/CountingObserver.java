package dev.keelraft.example.demo;

import dev.keelraft.example.etcd.wire.PutResponse;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;

/** Counts down when a put is answered well. */
record CountingObserver(CountDownLatch answered) implements StreamObserver<PutResponse> {
    @Override
    public void onNext(PutResponse response) {}

    @Override
    public void onError(Throwable failure) {
        throw new AssertionError(failure);
    }

    @Override
    public void onCompleted() {
        answered.countDown();
    }
}
