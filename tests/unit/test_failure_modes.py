"""The ways in which clients of object stores are known to fail (F1 to F29), and what holds each off.

F30, a replica that is used wrongly, waits for Targets that use one by themselves.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

HELD_OFF = {
    'F1 stale connections': {
        'wire/test_stale.py': 'closed_while_idle_is_noticed_before_sending'
        ' closed_on_receipt_is_redone_for_free',
    },
    'F1b a fresh TLS link is readable': {
        'wire/test_stale.py': 'tls_tickets_do_not_look_like_a_goodbye',
    },
    'F2 a body that is sent again': {
        'wire/test_replay.py': 'a_body_is_replayed_from_where_it_stood a_generator_is_never_sent_twice'
        ' a_pipe_is_never_sent_twice',
        'wire/test_large.py': 'a_large_file_goes_again_from_where_it_stood',
    },
    'F3 a body of another length': {
        'wire/test_replay.py': 'a_file_that_changes_while_sent_is_never_stored',
        'wire/test_large.py': 'a_large_file_that_changes_meanwhile_is_never_stored',
    },
    'F4 a write of which nobody knows': {
        'wire/test_settle.py': 'a_lost_answer_is_settled what_cannot_be_shown_to_be_ours_is_not'
        ' what_is_open_for_write_is_looked_at_again',
    },
    'F5 an action carried out twice': {
        'wire/test_replay.py': 'a_post_is_seen_once',
        'unit/test_mapi_replication.py': 'an_action_is_not_sent_twice',
    },
    'F6 DNS': {
        'wire/test_nodes.py': 'a_name_server_that_fails_blocks_nobody nodes_of_both_versions_take_turns',
        'unit/test_ips.py': 'a_refresh_that_fails_keeps_the_list an_address_given_twice_is_one_node'
        ' query_never_raises',
    },
    'F7 all nodes down': {
        'wire/test_nodes.py': 'all_nodes_refuse no_node_answers_the_knock',
        'unit/test_ips.py': 'a_round_of_failures_asks_dns_once',
    },
    'F8 leaked links': {
        'wire/test_leftovers.py': 'a_partial_read_leaks_no_socket'
        ' an_exception_in_the_consumer_leaks_no_socket',
        'wire/test_tls.py': 'a_node_that_resets_before_the_handshake_leaks_no_socket',
    },
    'F9 answers mixed up': {
        'wire/test_leftovers.py': 'bytes_after_an_answer_never_become_the_next_one'
        ' after_a_failure_there_is_no_answer',
    },
    'F10 threads and forks': {
        'wire/test_nodes.py': 'a_crowd_of_threads_and_a_hasty_reaper',
        'wire/test_idle.py': 'a_fork_while_the_reaper_looks_does_not_lock_the_child',
    },
    'F11 a process that does not end': {'wire/test_idle.py': 'a_program_that_forgets_close_ends'},
    'F12 timeouts that never fire': {
        'wire/test_deadline.py': 'each_clock_is_named a_head_in_drops a_body_in_drops resolve',
        'wire/test_timeouts.py': 'a_silent_peer a_peer_that_stops_reading a_handshake_that_is_never_answered',
    },
    'F13 names and certificates': {
        'wire/test_tls.py': 'the_name_is_checked_although_an_address_is_dialled'
        ' a_certificate_that_does_not_verify'
        ' tls_that_fails_on_a_retry_is_never_followed_by_plain_http',
    },
    'F14 credentials shown': {
        'wire/test_secrets.py': 'a_normal_day_shows_no_secret no_error_shows_a_secret'
        ' no_pickle_brings_a_secret_to_light',
    },
    'F15 injection': {
        'wire/test_injection.py': 'any_header_arrives_as_itself_and_alone'
        ' any_text_as_a_name_arrives_as_itself',
    },
    'F16 XML that is read': {
        'wire/test_xml_bombs.py': 'what_declares_entities_is_refused_before_it_goes_off depth_is_bounded',
    },
    'F17 XML that is written': {
        'unit/test_pathbuilder.py': 'every_file_name_can_be_read_back_from_its_annotation',
    },
    'F18 percent signs': {
        'wire/test_injection.py': 'an_escape_that_is_there_stays_as_it_is',
        'unit/test_request.py': 'the_path_on_the_wire every_name_arrives_as_itself',
    },
    'F19 packed answers': {
        'wire/test_verify.py': 'nobody_is_asked_to_pack a_packed_answer_arrives_as_it_is'
        ' a_packed_answer_that_was_cut_raises',
    },
    'F20 interim answers': {
        'wire/test_answers.py': 'interim_answers_are_skipped interim_answers_without_an_end_are_an_error',
        'wire/test_deadline.py': 'interim_answers_in_drops',
    },
    'F21 early answers': {
        'wire/test_answers.py': 'an_early_answer_is_seen an_early_answer_over_tls_is_seen',
    },
    'F22 short downloads': {
        'wire/test_answers.py': 'a_cut_body_raises_by_every_way_of_reading',
        'wire/test_large.py': 'a_large_block_that_ends_early_on_a_kept_connection',
    },
    'F23 hashes': {
        'wire/test_verify.py': 'what_hcp_did_not_store_raises'
        ' where_there_is_nothing_to_compare_with_that_is_said',
    },
    'F24 busy nodes, storms of repetitions': {
        'wire/test_busy.py': 'the_pause_is_what_hcp_asks_for_within_reason'
        ' a_breakdown_uses_up_the_budget_of_its_target',
    },
    'F25 redirects': {'wire/test_answers.py': 'redirects_are_handed_to_the_caller'},
    'F26 proxies': {'wire/test_answers.py': 'what_middle_boxes_make_of_an_answer_is_tolerated'},
    'F27 clocks that jump': {
        'wire/test_timeouts.py': 'a_wall_clock_that_jumps_ends_nothing'
        ' a_wall_clock_that_jumps_changes_no_pause',
    },
    'F28 huge counts': {
        'wire/test_answers.py': 'what_is_not_http_is_an_error_and_not_asked_again',
        'wire/test_large.py': 'a_huge_answer_that_is_cut_says_so memory_stays_flat_while_64_mb_come_in'
        ' memory_stays_flat_while_64_mb_go_out',
    },
    'F29 signals': {
        'wire/test_leftovers.py': 'ctrl_c_in_the_middle_of_a_body_ends_the_connection',
        'unit/test_link_states.py': 'whatever_ends_an_exchange_closes_the_link',
    },
}


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding='utf-8'))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize('mode', HELD_OFF)
def test_a_failure_mode_is_held_off(mode: str) -> None:
    """Or a fault that others had to learn about in production would come back with its test."""
    for file, names in HELD_OFF[mode].items():
        assert {f'test_{name}' for name in names.split()} <= functions(TESTS / file)


def test_none_is_left_out() -> None:
    """Or the list would look complete."""
    assert {int(mode[1:].split()[0].rstrip('b')) for mode in HELD_OFF} == set(range(1, 30))
