-- The tables of the coupon service (MariaDB 10.11+, MySQL 8+). Every time is UTC.

-- remaining is kept under db-lock and redis-lock; under the atomic Redis variants the remainder is Redis's.
CREATE TABLE IF NOT EXISTS coupons (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    stock      INT UNSIGNED    NOT NULL,
    remaining  INT UNSIGNED    NOT NULL,
    created_at DATETIME(6)     NOT NULL
) ENGINE = InnoDB;

-- One row per accepted request; the unique key is what makes "one per user" true whatever Redis says.
CREATE TABLE IF NOT EXISTS issues (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    coupon_id     BIGINT UNSIGNED NOT NULL,
    user_id       BIGINT UNSIGNED NOT NULL,
    event_id      BIGINT UNSIGNED NOT NULL,
    accepted_at   DATETIME(6)     NOT NULL,
    confirmed_at  DATETIME(6)     NULL,
    confirmations INT UNSIGNED    NOT NULL DEFAULT 0,
    UNIQUE KEY one_per_user (coupon_id, user_id),
    UNIQUE KEY issue_event (event_id)
) ENGINE = InnoDB;

-- Committed together with its issue; status 0 is pending, 1 is sent.
CREATE TABLE IF NOT EXISTS outbox (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    event_id   BIGINT UNSIGNED NOT NULL,
    coupon_id  BIGINT UNSIGNED NOT NULL,
    user_id    BIGINT UNSIGNED NOT NULL,
    status     TINYINT         NOT NULL DEFAULT 0,
    created_at DATETIME(6)     NOT NULL,
    sent_at    DATETIME(6)     NULL,
    UNIQUE KEY outbox_event (event_id),
    KEY pending (status, id)
) ENGINE = InnoDB;

-- One row per event that has had its effect; written in the transaction of the effect.
CREATE TABLE IF NOT EXISTS inbox (
    event_id   BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    applied_at DATETIME(6)     NOT NULL
) ENGINE = InnoDB;

-- What a request with an Idempotency-Key was answered; that of an issue is committed with it. Rows are never removed by
-- the service: those older than the time in which clients try again may be deleted at any time (by created_at).
CREATE TABLE IF NOT EXISTS idempotency_keys (
    idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    coupon_id       BIGINT UNSIGNED NOT NULL,
    user_id         BIGINT UNSIGNED NOT NULL,
    outcome         VARCHAR(10)     NOT NULL,
    event_id        BIGINT UNSIGNED NOT NULL,
    created_at      DATETIME(6)     NOT NULL,
    KEY kept_since (created_at)
) ENGINE = InnoDB;

-- Event ids are handed out in blocks: unique over all processes and hosts, and small enough for any JSON reader.
CREATE TABLE IF NOT EXISTS event_blocks (
    name    VARCHAR(32)     NOT NULL PRIMARY KEY,
    next_id BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB;
