"""An office with staff: a reply finds its owner, a deadline its next one, and a text from staff the right customer."""

import json
import sqlite3

import pytest

from tests.outbox.support import a_text
from tests.pipeline.staff_desk import ADA, CUSTOMER, KIM, LEE, TUESDAY_10, Desk
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.consent.store import is_opted_out
from textback_pbx.outbox.store import enqueue
from textback_pbx.pipeline import people
from textback_pbx.pipeline.people import Subject
from textback_pbx.replies.inbound import Part
from textback_pbx.replies.store import store_part
from textback_pbx.tasks import staff_store
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind, Priority


@pytest.fixture
async def desk(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    opened = await Desk(clock).open(tmp_path / "t.sqlite")
    yield opened
    await opened.close()


async def test_a_reply_goes_to_the_queue_in_turn_and_its_owner_is_told_by_text(desk):
    for number, owner in ((42, "kim"), (43, "lee"), (44, "kim"), (45, "lee")):
        await desk.writes("tap drips at 78704, tomorrow after 3 please", f"+151255501{number}")
        assert (await desk.tasks())[-1]["owner"] == owner
    assert (await desk.tasks())[0]["queue"] == "on call"
    first = (await desk.texts(KIM))[0]
    assert first.startswith('[10] answer +1512***0142 by 11:00. fixture, 78704, Wed 25 Nov 15:00-17:00. "tap drips at')
    assert first.endswith("Reply 10 call, done or your words")
    assert len(first) <= 158
    assert [text[:4] for text in await desk.texts(LEE)] == ["[11]", "[13]"]


async def test_a_rule_raises_and_nothing_else_is_told_to_the_wrong_people(desk):
    await desk.writes("The water heater is broken, urgent")
    (task,) = await desk.tasks()
    assert (task["owner"], task["priority"], task["due_ms"]) == ("kim", "urgent", TUESDAY_10 + 5 * MINUTE_MS)
    assert "route water heaters" in task["reason"]
    assert (await desk.texts(KIM))[0].startswith("[10] URGENT answer")
    assert await desk.texts(LEE) == []
    assert await desk.texts(CUSTOMER) == []


async def test_a_normal_text_is_the_desks_and_a_worse_one_after_it_is_handed_on(desk):
    await desk.writes("Do you also do bathrooms?")
    assert (await desk.tasks())[0]["owner"] == "front desk"
    await desk.later(10)
    await desk.writes("the water heater is off, hurry")
    (task,) = await desk.tasks()
    assert (task["owner"], task["priority"]) == ("kim", "urgent")
    assert [row["owner"] for row in await desk.rows("SELECT owner FROM threads")] == ["kim"]


async def test_an_overdue_task_is_passed_on_and_at_last_the_admin_is_reminded(desk):
    await desk.writes("our water heater")
    await desk.later(4)
    assert (await desk.tasks())[0]["owner"] == "kim"
    await desk.later(2)
    (task,) = await desk.tasks()
    assert (task["owner"], task["level"]) == ("lee", 1)
    assert (await desk.texts(KIM))[-1].startswith("[10] URGENT OVERDUE: answer")
    assert (await desk.texts(LEE))[-1].startswith("[10] URGENT OVERDUE: answer")
    await desk.later(5)
    assert (await desk.tasks())[0]["owner"] == "ada"
    assert (await desk.texts(ADA))[-1].startswith("[10] URGENT PASSED ON: answer")
    before = len(await desk.texts(ADA))
    await desk.later(5 * 60, every=5)
    assert (await desk.tasks())[0]["owner"] == "ada"
    reminded = (await desk.texts(ADA))[before:]
    assert len(reminded) == 2  # once after five minutes, then every four hours of opening time
    assert all("STILL OVERDUE" in text for text in reminded)
    note = desk.board.get("tasks")
    assert note.message.startswith("1 task is past the deadline, the oldest 5 h overdue")


@pytest.mark.fault(21)
async def test_a_deadline_runs_in_business_time_over_the_night_and_the_holiday(desk, clock):
    clock.set_wall(
        TUESDAY_10 + DAY_MS + 6 * HOUR_MS + 30 * MINUTE_MS
    )  # Wednesday 16:30; Thursday and, in Texas, Friday are holidays
    await desk.writes("tap drips")
    (task,) = await desk.tasks()
    monday_8_30 = TUESDAY_10 + 6 * DAY_MS - 90 * MINUTE_MS
    assert task["due_ms"] == monday_8_30
    await desk.jump(24 * 60)
    await desk.work()
    assert "task.overdue" not in desk.receiver.types()
    clock.set_wall(monday_8_30 - 1)
    await desk.work()
    assert "task.overdue" not in desk.receiver.types()
    clock.set_wall(monday_8_30)
    await desk.work()
    assert desk.receiver.types().count("task.overdue") == 1


async def test_an_emergency_is_told_to_the_whole_chain_at_once(desk):
    await desk.writes("water heater burst, water is pouring through the ceiling onto the fuse box")
    (task,) = await desk.tasks()
    assert (task["priority"], task["owner"]) == ("emergency", "kim")
    for number in (KIM, LEE, ADA):
        assert [("EMERGENCY answer" in text) for text in await desk.texts(number)] == [True], number
    assert "kim has it" in (await desk.texts(LEE))[0]
    await desk.later(6)
    assert (await desk.tasks())[0]["owner"] == "lee"


async def test_an_emergency_in_a_task_that_everybody_had_is_told_to_the_whole_chain(desk):
    await desk.writes("our water heater leaks")
    await desk.later(40)
    assert (await desk.tasks())[0]["owner"] == "ada", "kim and lee had it before"
    await desk.writes("it burst, water is pouring through the ceiling onto the fuse box")
    assert (await desk.tasks())[0]["priority"] == "emergency"
    for number in (KIM, LEE, ADA):
        assert any("EMERGENCY" in text for text in await desk.texts(number)), number
    await desk.later(7)
    assert len({row["owner"] for row in await desk.rows("SELECT owner FROM task_events ORDER BY id DESC LIMIT 2")}) == 2


async def test_who_takes_a_task_that_everybody_had_does_not_keep_it_in_silence(desk):
    await desk.writes("our water heater leaks")
    await desk.later(40)
    await desk.writes("10 take", LEE)
    before = len(await desk.texts(ADA))
    assert (await desk.tasks())[0]["owner"] == "lee"
    await desk.later(70)
    assert (await desk.tasks())[0]["owner"] == "ada"
    assert any("OVERDUE" in text for text in (await desk.texts(ADA))[before:])


async def test_who_is_away_gets_nothing_and_the_turn_is_kept_over_a_restart(desk):
    async with desk.database.transaction() as tx:
        await staff_store.say_away(tx, "kim", TUESDAY_10 - 1, TUESDAY_10 + DAY_MS, actor="test")
    await desk.writes("drip, 78704", "+15125550142")
    await desk.writes("drip, 78704", "+15125550143")
    assert [task["owner"] for task in await desk.tasks()] == ["lee", "lee"]
    async with desk.database.transaction() as tx:
        assert await staff_store.say_back(tx, "kim", TUESDAY_10) == 1
    await desk.close()
    await desk.open(desk.path)
    await desk.writes("drip, 78704", "+15125550144")
    await desk.writes("drip, 78704", "+15125550145")
    assert [task["owner"] for task in await desk.tasks()] == ["lee", "lee", "kim", "lee"]


async def test_at_night_the_one_who_works_then_has_it_and_the_others_are_told_in_the_morning(desk, clock):
    clock.set_wall(TUESDAY_10 + 12 * HOUR_MS)  # 22:00: only kim works
    await desk.writes("drip, 78704")
    await desk.writes("drip, 78704", "+15125550143")
    assert [task["owner"] for task in await desk.tasks()] == ["kim", "kim"]
    async with desk.database.transaction() as tx:
        (first, _) = await tasks.list_tasks(tx)
        now_ms = clock.now_ms()
        await tasks.assign_task(tx, first.id, "lee", now_ms=now_ms, actor="desk")
    await desk.work()
    assert await desk.texts(LEE) == []
    await desk.later(10 * 60, every=5)
    assert len(await desk.texts(LEE)) == 1


# texts of staff --------------------------------------------------------------------------------------------------


async def asked(desk):
    await desk.writes("our water heater at 78704")
    assert (await desk.texts(KIM))[0].startswith("[10]")


async def test_on_my_way_call_done(desk):
    await asked(desk)
    await desk.writes("10 on my way", KIM)
    assert await desk.texts(CUSTOMER) == ["Lakeside Plumbing: we are on our way."]
    (task,) = await desk.tasks()
    assert (task["owner"], task["due_ms"]) == ("kim", TUESDAY_10 + HOUR_MS)
    await desk.writes("10 call", KIM)
    assert (await desk.texts(KIM))[-1] == f"10: call {CUSTOMER}, then: 10 done"
    await desk.writes("10 done, replaced the valve", KIM)
    (done,) = await desk.tasks("done")
    assert (done["closed_by"], done["result"]) == ("kim", "replaced the valve")
    assert [row["status"] for row in await desk.rows("SELECT status FROM threads")] == ["closed"]
    assert len(await desk.texts(CUSTOMER)) == 1
    await desk.later(60)
    assert desk.receiver.types().count("task.overdue") == 0


async def test_words_after_the_code_go_to_the_customer_as_they_are(desk):
    await asked(desk)
    await desk.writes("10 Call you at five, turn the main valve off.", KIM)
    assert await desk.texts(CUSTOMER) == ["Call you at five, turn the main valve off."]
    (sent,) = await desk.rows("SELECT kind, actor, line FROM messages WHERE number = ?", CUSTOMER)
    assert (sent["kind"], sent["actor"]) == ("staff", "kim")
    assert await desk.tasks() == []
    assert [row["status"] for row in await desk.rows("SELECT status FROM threads")] == ["waiting_on_them"]


async def test_half_a_text_of_staff_does_nothing_and_the_whole_one_does_it_once(desk):
    await desk.writes("our water heater leaks")
    words = ("10 We will be there at five, but please do not ", "open the valve before that")
    for seq, said in enumerate(words, 1):
        async with desk.database.transaction() as tx:
            now_ms = desk.clock.now_ms()
            half = Part("m", KIM, f"08{seq:06X}", now_ms, said, scts_ms=TUESDAY_10, concat_ref=7, seq=seq, total=2)
            await store_part(tx, half)
        await desk.work()
        if seq == 1:
            await desk.jump(25 * 60)  # it is shown without its second part
            await desk.work()
            assert await desk.texts(CUSTOMER) == []
            assert any(text.startswith("A part of your text never came") for text in await desk.texts(KIM))
    assert await desk.texts(CUSTOMER) == [words[0][3:] + words[1]]


async def test_a_booking_by_text_has_its_window(desk):
    await asked(desk)
    await desk.writes("10 booked tomorrow 9 to 11", KIM)
    (row,) = await desk.rows("SELECT from_ms, until_ms, actor FROM bookings")
    assert row == {"from_ms": TUESDAY_10 + 23 * HOUR_MS, "until_ms": TUESDAY_10 + 25 * HOUR_MS, "actor": "kim"}
    assert (await desk.texts(KIM))[-1] == "10: booked for Wed 09:00; the customer was not told"


async def test_a_text_of_staff_makes_no_thread_of_its_own_and_nothing_leaves_to_anybody_else(desk):
    for text in ("hello?", "12", "99 hello", "10 hello", "", "#10: yes", "STOP it", "list", "help"):
        await desk.writes(text, LEE)
    assert await desk.rows("SELECT * FROM threads") == []
    assert await desk.tasks() == []
    numbers = {row["number"] for row in await desk.rows("SELECT number FROM messages")}
    assert numbers == {LEE}
    answers = await desk.texts(LEE)
    assert answers[0].startswith("Not understood, nothing was sent.")
    assert answers[2].startswith("99: there is no such code, nothing was sent")


async def test_a_code_is_only_for_whom_it_was_told_and_for_managers(desk):
    await asked(desk)
    await desk.writes("10 hello", LEE)
    assert (await desk.texts(LEE))[-1].startswith("10: that code is not one of yours, nothing was sent")
    assert await desk.texts(CUSTOMER) == []
    await desk.writes("10 We are coming.", ADA)
    assert await desk.texts(CUSTOMER) == ["We are coming."]


async def test_a_code_moves_to_another_thread_only_long_after_and_then_means_nothing_to_the_old_holder(desk, clock):
    await asked(desk)
    await desk.writes("10 done", KIM)
    async with desk.database.transaction() as tx:
        now_ms = clock.now_ms()
        for n in range(89):  # every other two-digit code is given
            thread = await tx.insert(
                "INSERT INTO threads (number, line, opened_ms, updated_ms) VALUES (?, 'office', 0, 0)",
                (f"+1512555{n:04}",),
            )
            assert await staff_store.code_for(tx, thread, "lee", now_ms, 30 * DAY_MS) == 11 + n
        fresh = await tx.insert(
            "INSERT INTO threads (number, line, opened_ms, updated_ms) VALUES ('+15125559999', 'office', 0, 0)"
        )
        assert await staff_store.code_for(tx, fresh, "lee", now_ms, 30 * DAY_MS) == 100
        later = now_ms + 31 * DAY_MS
        newer = await tx.insert(
            "INSERT INTO threads (number, line, opened_ms, updated_ms) VALUES ('+15125559998', 'office', 0, 0)"
        )
        assert await staff_store.code_for(tx, newer, "lee", later, 30 * DAY_MS) == 10
    await desk.writes("10 I am outside", KIM)
    assert (await desk.texts(KIM))[-1].startswith("10: that code is old, nothing was sent")
    assert (
        await desk.rows("SELECT * FROM messages WHERE number IN ('+15125559998', ?) AND kind = 'staff'", CUSTOMER) == []
    )


async def test_who_wants_no_texts_gets_none_from_staff_either(desk):
    await asked(desk)
    await desk.writes("STOP", CUSTOMER)
    before = await desk.texts(CUSTOMER)
    await desk.writes("10 we come at five", KIM)
    assert await desk.texts(CUSTOMER) == before
    assert (await desk.texts(KIM))[-1] == f"10: not sent: they want no texts (STOP). Call {CUSTOMER}"


@pytest.mark.fault(40)
async def test_two_robots_get_a_bounded_number_of_answers_and_stop_always_works(desk):
    for n in range(26):
        await desk.writes(f"I am driving and will answer later {n}", KIM)
    assert len(await desk.texts(KIM)) == 20
    await desk.writes("STOP", KIM)
    async with desk.database.read() as tx:
        assert await is_opted_out(tx, KIM)
    assert await desk.rows("SELECT * FROM threads") == []


@pytest.mark.fault(40)
async def test_a_flood_of_texts_tells_its_owner_a_bounded_number_of_times(desk):
    for n in range(25):
        await desk.writes(f"drip {n}, 78704")
    assert len(await desk.tasks()) == 1
    assert len(await desk.texts(KIM)) <= 3
    assert desk.receiver.types().count("reply.received") == 25


async def test_texts_to_staff_have_a_budget_and_what_is_over_it_waits(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = await Desk(clock, extra="[notify]\ntexts_per_hour = 4\n").open(tmp_path / "t.sqlite")
    try:
        for n in range(14):
            await desk.writes("drip, 78704", f"+151255502{n:02}")
        assert len(await desk.texts(KIM)) == len(await desk.texts(LEE)) == 4
        waiting = await desk.rows("SELECT * FROM notifications WHERE state = 'waiting' AND channel = 'sms'")
        assert len(waiting) == 6
        async with desk.database.transaction() as tx:
            for row in await tx.all("SELECT id FROM tasks WHERE state = 'open' ORDER BY id LIMIT 12"):
                await tasks.close_task(tx, row["id"], actor="desk", now_ms=clock.now_ms())
        await desk.jump(61)
        await desk.work()
        assert await desk.rows("SELECT * FROM notifications WHERE state = 'waiting'") == []
        why = {row["error"] for row in await desk.rows("SELECT error FROM notifications WHERE state = 'dropped'")}
        assert why <= {"its task is done", "it is lee's by now", "it is kim's by now"}
        late = [text for number in (KIM, LEE) for text in (await desk.texts(number))[4:]]
        assert late, "of the two that were still open somebody was told"
        assert all("OVERDUE" in text for text in late)
    finally:
        await desk.close()


async def test_an_emergency_does_not_wait_for_the_hour_after_many_ordinary_texts(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = await Desk(clock, extra="[notify]\ntexts_per_hour = 4\n").open(tmp_path / "t.sqlite")
    try:
        for n in range(8):
            await desk.writes("drip, 78704", f"+151255502{n:02}")
        await desk.writes("water heater burst, water is pouring through the ceiling onto the fuse box")
        for number in (KIM, LEE, ADA):
            assert any("EMERGENCY" in text for text in await desk.texts(number)), number
        for n in range(20):
            await desk.writes("water heater burst, water pours onto the fuse box", f"+151255503{n:02}")
        assert len(await desk.texts(KIM)) <= 8, "and that has its bound too"
    finally:
        await desk.close()


async def test_a_line_that_is_configured_no_more_keeps_its_patients_words_to_itself(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = await Desk(clock).open(tmp_path / "t.sqlite")
    try:
        async with desk.database.transaction() as tx:
            then = a_text(CUSTOMER, line="the old clinic", not_before_ms=0, expires_ms=TUESDAY_10)
            await enqueue(tx, then, clock.now_ms())
        await desk.writes("my purple tooth hurts, the water heater too")
        said = str(desk.receiver.taken) + "".join([*await desk.texts(KIM), *await desk.texts(LEE)])
        assert "URGENT answer" in said
        assert "purple" not in said
        assert "tooth" not in said
    finally:
        await desk.close()


async def test_a_pass_gives_it_to_the_next_and_list_shows_the_codes(desk):
    await asked(desk)
    await desk.writes("list", KIM)
    assert (await desk.texts(KIM))[-1] == "10 reply +1512***0142 by 10:05"
    await desk.writes("10 pass", KIM)
    assert (await desk.tasks())[0]["owner"] == "lee"
    assert (await desk.texts(KIM))[-1] == "10: lee has it now"
    assert (await desk.texts(LEE))[-1].startswith("[10] URGENT answer")


async def test_a_call_back_has_a_code_too(desk):
    async with desk.database.transaction() as tx:
        subject = Subject("call:1", "office", CUSTOMER)
        await people.open_task(
            tx, desk.office, subject, Kind.CALL_BACK, "no consent", now_ms=desk.clock.now_ms(), owner="on call"
        )
    await desk.work()
    assert (await desk.texts(KIM))[0].startswith("[10] call back +1512***0142 by 11:00")
    await desk.writes("10 done left a message", KIM)
    (task,) = await desk.tasks("done")
    assert task["result"] == "left a message"


# words and ways ---------------------------------------------------------------------------------------------------


@pytest.mark.fault(45)
@pytest.mark.parametrize(("trade", "words"), [("dental", "by_trade"), ("law", "by_trade"), ("home_services", "none")])
async def test_nothing_of_the_customers_words_leaves_a_line_of_health_or_law(tmp_path, clock, trade, words):
    clock.set_wall(TUESDAY_10)
    desk = Desk(clock, extra=f'[notify]\nwords = "{words}"\n')
    desk.config = desk.config.replace('trade = "home_services"', f'trade = "{trade}"')
    await desk.open(tmp_path / "t.sqlite")
    try:
        secret = "My wisdom tooth is bleeding, divorce hearing, 78704 Elm Street, I am Jo Bloggs, please help me"
        await desk.writes(secret)
        await desk.later(400, every=5)
        said = json.dumps(desk.receiver.taken) + "".join([*await desk.texts(KIM), *await desk.texts(ADA)])
        said += "".join(row["payload"] for row in await desk.rows("SELECT payload FROM notifications"))
        for word in ("wisdom", "tooth", "bleed", "divorce", "hearing", "78704", "elm", "bloggs", "extraction"):
            assert word not in said.lower(), word
        assert "distressed" not in said
        assert desk.receiver.types().count("reply.received") == 1
    finally:
        await desk.close()


async def test_with_fields_only_the_words_stay_and_without_numbers_no_number_leaves(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = Desk(clock, extra='[notify]\nwords = "fields"\n')
    desk.config = desk.config.replace(
        'url = "https://hooks.example.com/x"', 'url = "https://h.example.com"\nnumbers = false'
    )
    await desk.open(tmp_path / "t.sqlite")
    try:
        await desk.writes("the purple kitchen tap leaks, 78704")
        await desk.later(400, every=5)
        (reply,) = [payload for _, _, payload in desk.receiver.taken if payload["type"] == "reply.received"]
        assert reply["data"]["intake"]["place"]["postcode"] == "78704"
        said = json.dumps([payload for name, _, payload in desk.receiver.taken if name == "crm"])
        assert "purple" not in said + "".join(await desk.texts(KIM))
        assert CUSTOMER not in said
        assert "78704" in (await desk.texts(KIM))[0]
    finally:
        await desk.close()


async def test_a_dry_run_texts_nobody_and_still_tells_endpoints(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = Desk(clock)
    desk.config = "dry_run = true\n" + desk.config
    await desk.open(tmp_path / "t.sqlite")
    try:
        await asked_dry(desk)
    finally:
        await desk.close()


async def asked_dry(desk):
    await desk.writes("our water heater")
    assert await desk.rows("SELECT * FROM messages") == []
    assert {row["state"] for row in await desk.rows("SELECT state FROM notifications WHERE channel = 'sms'")} == {
        "dropped"
    }
    assert "thread.assigned" in desk.receiver.types()


@pytest.mark.fault(20)
async def test_no_deadline_passes_while_the_clock_is_not_trusted(desk, clock):
    await desk.writes("our water heater")
    desk.trusted = False
    clock.set_wall(TUESDAY_10 + 30 * DAY_MS)
    await desk.work()
    assert (await desk.tasks())[0]["level"] == 0
    assert "not trusted" in desk.board.get("tasks").message
    clock.set_wall(TUESDAY_10 + 6 * MINUTE_MS)
    desk.trusted = True
    await desk.work()
    assert (await desk.tasks())[0]["level"] == 1


async def test_a_thread_that_waits_on_us_is_never_without_a_task(desk):
    await desk.writes("drip, 78704")
    async with desk.database.transaction() as tx:
        (task,) = await tasks.list_tasks(tx)
        await tasks.close_task(tx, task.id, actor="kim", now_ms=desk.clock.now_ms())
    await desk.work()
    assert await desk.tasks() == []
    assert (await desk.rows("SELECT status FROM threads"))[0]["status"] == "waiting_on_them"
    raw = sqlite3.connect(desk.path)
    raw.execute("UPDATE threads SET status = 'waiting_on_us'")  # as a person does by hand
    raw.commit()
    raw.close()
    await desk.work()
    (again,) = await desk.tasks()
    assert (again["owner"], again["reason"]) == ("kim", "it waits on us, and nobody had a task for it")


async def test_an_opt_out_is_told_once_whoever_wrote_it(desk):
    await desk.writes("STOP", CUSTOMER)
    await desk.writes("stop!", CUSTOMER)
    assert desk.receiver.types("wall") == ["optout"]
    assert desk.receiver.taken[-1][2]["data"]["number"] == CUSTOMER


async def test_priorities_of_a_task_told_twice_are_told_once_each(desk):
    await desk.writes("drip, 78704")
    async with desk.database.transaction() as tx:
        (task,) = await tasks.list_tasks(tx)
        now_ms = desk.clock.now_ms()
        due_ms = people.deadline(desk.office, "office", Priority.URGENT, now_ms)
        assert await tasks.raise_for_repeat(tx, CUSTOMER, "office", due_ms, now_ms=now_ms) == [task.id]
        assert await tasks.raise_for_repeat(tx, CUSTOMER, "office", due_ms, now_ms=now_ms) == [task.id]
    await desk.work()
    assert desk.receiver.types().count("task.raised") == 1
    assert (await desk.texts(KIM))[-1].startswith("[10] URGENT NOW MORE URGENT: answer")


async def test_a_text_of_somebody_who_left_before_it_was_read_goes_to_a_person(desk):
    async with desk.database.transaction() as tx:
        now_ms = desk.clock.now_ms()
        await tx.run(
            "INSERT INTO inbound (sender, line, body, received_ms) VALUES (?, 'office', 'I quit', ?)", (LEE, now_ms)
        )
    await desk.close()
    desk.config = desk.config.replace(LEE, "+15125550179")
    await desk.open(desk.path)
    await desk.work()
    (task,) = await desk.tasks()
    assert (task["number"], task["owner"]) == (LEE, "front desk")


async def test_mail_goes_to_whoever_chose_it_and_a_desk_hears_by_the_offices(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = Desk(clock, extra='[notify]\naddresses = ["json://office.invalid"]\n')
    desk.config = desk.config.replace('name = "ada"', 'name = "ada"\naddresses = ["json://ada.invalid"]').replace(
        f'phone = "{ADA}"\ntell = ["sms"]', f'phone = "{ADA}"\ntell = ["sms", "apprise"]'
    )
    await desk.open(tmp_path / "t.sqlite")
    try:
        await desk.writes("Do you also do bathrooms?")
        mails = [one for one in desk.receiver.taken if one[0].startswith("json://")]
        assert [(to, title) for to, title, _ in mails] == [
            ("json://office.invalid", "answer +1512***0142 by 11:00, front desk has it")
        ]
        assert '"Do you also do bathrooms?"' in mails[0][2]["body"]
        await desk.later(62, every=2)
        mails = [(to, title) for to, title, _ in desk.receiver.taken if to.startswith("json://")][1:]
        assert mails == [
            ("json://office.invalid", "OVERDUE: answer +1512***0142 by 11:00, ada has it"),
            ("json://ada.invalid", "OVERDUE: answer +1512***0142 by 11:00, ada has it"),
        ]
        assert len(await desk.texts(ADA)) == 1
    finally:
        await desk.close()


async def test_a_reason_that_quotes_the_customer_is_told_without_the_quotation(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = await Desk(clock, extra='[notify]\nwords = "fields"\n').open(tmp_path / "t.sqlite")
    try:
        subject = Subject("call:1", "office", CUSTOMER)
        async with desk.database.transaction() as tx:
            why = "may want no more texts (\"the purple one\" said 'plum'): decide"
            now_ms = clock.now_ms()
            await people.open_task(tx, desk.office, subject, Kind.REVIEW, why, now_ms=now_ms, owner="kim")
        await desk.work()
        (told,) = [payload["data"] for _, _, payload in desk.receiver.taken if payload["type"] == "task.assigned"]
        assert told["reason"] == "may want no more texts (... said ...): decide"
    finally:
        await desk.close()
